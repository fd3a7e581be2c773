// Adds headers to every response: one from the plugin's configuration, one from the code.
//
// Configuration, a JSON object:  {"name": "hello", "value": "world"}
//
// A filter has two contexts. The plugin's lives as long as the plugin and reads the configuration; an HTTP context lives
// as long as one request. init() makes the first one known to the proxy; main() is never run.
package main

import (
	"encoding/json"
	"errors"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(contextID uint32) types.PluginContext { return &addHeaderPlugin{} })
}

type addHeaderPlugin struct {
	types.DefaultPluginContext
	header
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A failed start refuses the configuration: the proxy keeps what it had, and its log has the reason.
func (p *addHeaderPlugin) OnPluginStart(configurationSize int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		proxywasm.LogErrorf("the configuration cannot be read: %v", err)
		return types.OnPluginStartStatusFailed
	}
	// A member that is missing keeps this.
	p.header = header{Name: "x-filter", Value: "on"}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &p.header); err != nil {
			proxywasm.LogErrorf("the configuration is no JSON: %v", err)
			return types.OnPluginStartStatusFailed
		}
	}
	return types.OnPluginStartStatusOK
}

func (p *addHeaderPlugin) NewHttpContext(contextID uint32) types.HttpContext {
	return &addHeader{header: p.header}
}

type addHeader struct {
	types.DefaultHttpContext
	header
}

func (h *addHeader) OnHttpResponseHeaders(count int, endOfStream bool) types.Action {
	for _, one := range []header{h.header, {Name: "你好", Value: "六翁"}} {
		if err := proxywasm.AddHttpResponseHeader(one.Name, one.Value); err != nil {
			proxywasm.LogErrorf("the header %s cannot be added: %v", one.Name, err)
		}
	}
	return types.ActionContinue
}
