// Asks another service about each request: a 2xx lets it pass, any other answer refuses it.
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

type plugin struct {
	types.DefaultPluginContext
	settings settings
}

type settings struct {
	Cluster string `json:"cluster"`
	Path    string `json:"path"`
	Timeout uint32 `json:"timeout_ms"`
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, _ := proxywasm.GetPluginConfiguration()
	p.settings = settings{Path: "/", Timeout: 500}
	if err := json.Unmarshal(data, &p.settings); err != nil || p.settings.Cluster == "" || p.settings.Timeout < 1 {
		proxywasm.LogError("the configuration wants the name of a cluster, and a timeout_ms of 1 or more")
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

type request struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	settings := r.plugin.settings
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	authorization, _ := proxywasm.GetHttpRequestHeader("authorization")
	headers := [][2]string{
		{":method", "GET"},
		{":path", settings.Path},
		{":authority", settings.Cluster},
		{"x-original-path", path},
		{"authorization", authorization},
	}
	_, err := proxywasm.DispatchHttpCall(settings.Cluster, headers, nil, nil, settings.Timeout, r.decide)
	if err != nil {
		r.refuse(503, "the service that decides is not known\n")
	}
	return types.ActionPause
}

func (r *request) decide(headers, _, _ int) {
	status := ""
	if answer, err := proxywasm.GetHttpCallResponseHeaders(); err == nil {
		for _, header := range answer {
			if header[0] == ":status" {
				status = header[1]
			}
		}
	}
	switch {
	// A call that timed out, or found nobody, has no headers.
	case headers == 0 || status == "":
		r.refuse(503, "the service that decides does not answer\n")
	case status[0] == '2':
		if err := proxywasm.ResumeHttpRequest(); err != nil {
			proxywasm.LogErrorf("the request cannot go on: %v", err)
		}
	// The proxy answers for a service that cannot be reached with a 5xx of its own.
	case status[0] == '5':
		r.refuse(503, "the service that decides is out of order\n")
	default:
		r.refuse(403, "refused\n")
	}
}

func (r *request) refuse(status uint32, why string) {
	if err := proxywasm.SendHttpResponse(status, nil, []byte(why), -1); err != nil {
		proxywasm.LogErrorf("the request cannot be answered: %v", err)
	}
}
