// Replaces a text in the bodies of responses, also where it begins in one chunk and ends in another.
package main

import (
	"bytes"
	"encoding/json"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// main is never run: a proxy starts the filter with init.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct {
	types.DefaultPluginContext
	find, replace []byte
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, _ := proxywasm.GetPluginConfiguration()
	var settings struct {
		Find    string `json:"find"`
		Replace string `json:"replace"`
	}
	if err := json.Unmarshal(data, &settings); err != nil || settings.Find == "" {
		proxywasm.LogError("the configuration does not say what to find")
		return types.OnPluginStartStatusFailed
	}
	p.find, p.replace = []byte(settings.Find), []byte(settings.Replace)
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

type request struct {
	types.DefaultHttpContext
	plugin *plugin
	plain  bool
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	// A client that takes compressed bodies would get round the filter.
	_ = proxywasm.RemoveHttpRequestHeader("accept-encoding")
	return types.ActionContinue
}

func (r *request) OnHttpResponseHeaders(int, bool) types.Action {
	// What is compressed has no text to be found.
	encoding, err := proxywasm.GetHttpResponseHeader("content-encoding")
	r.plain = err != nil || encoding == ""
	if r.plain {
		// The length is another one afterwards.
		_ = proxywasm.RemoveHttpResponseHeader("content-length")
	}
	return types.ActionContinue
}

func (r *request) OnHttpResponseBody(size int, endOfStream bool) types.Action {
	if !r.plain {
		return types.ActionContinue
	}
	if !endOfStream {
		return types.ActionPause
	}
	body, err := proxywasm.GetHttpResponseBody(0, size)
	if err != nil || !bytes.Contains(body, r.plugin.find) {
		return types.ActionContinue
	}
	changed := bytes.ReplaceAll(body, r.plugin.find, r.plugin.replace)
	if err := proxywasm.ReplaceHttpResponseBody(changed); err != nil {
		proxywasm.LogErrorf("the body cannot be replaced: %v", err)
	}
	return types.ActionContinue
}
