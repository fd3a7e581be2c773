// Adds headers to every response: one from the configuration, one from the code.
package main

import (
	"encoding/json"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// main is never run: a proxy starts the filter with init.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

// plugin lives as long as the plugin.
type plugin struct {
	types.DefaultPluginContext
	settings settings
}

type settings struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// OnPluginStart reads the configuration. A failure refuses it: the proxy keeps what it had, and its log has the reason.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil || len(data) == 0 {
		data = []byte("{}")
	}
	p.settings = settings{Name: "hello", Value: "world"}
	if err := json.Unmarshal(data, &p.settings); err != nil {
		proxywasm.LogErrorf("the configuration cannot be read: %v", err)
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

// request lives as long as one request.
type request struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *request) OnHttpResponseHeaders(int, bool) types.Action {
	for _, header := range [][2]string{{r.plugin.settings.Name, r.plugin.settings.Value}, {"你好", "六翁"}} {
		if err := proxywasm.AddHttpResponseHeader(header[0], header[1]); err != nil {
			proxywasm.LogErrorf("the header %s cannot be added: %v", header[0], err)
		}
	}
	return types.ActionContinue
}
