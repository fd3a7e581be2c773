// Lets a request pass only when it carries the token that the configuration names.
package main

import (
	"crypto/subtle"
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
	expected []byte
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, _ := proxywasm.GetPluginConfiguration()
	var settings struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(data, &settings); err != nil || settings.Token == "" {
		proxywasm.LogError("the configuration names no token; without one everybody would pass")
		return types.OnPluginStartStatusFailed
	}
	p.expected = []byte("Bearer " + settings.Token)
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

type request struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	given, _ := proxywasm.GetHttpRequestHeader("authorization")
	// It takes as long for a wrong token as for a right one, so that nobody finds it letter by letter.
	if subtle.ConstantTimeCompare([]byte(given), r.plugin.expected) == 1 {
		return types.ActionContinue
	}
	headers := [][2]string{{"www-authenticate", "Bearer"}}
	if err := proxywasm.SendHttpResponse(401, headers, []byte("a token is wanted\n"), -1); err != nil {
		proxywasm.LogErrorf("the request cannot be answered: %v", err)
	}
	return types.ActionPause
}
