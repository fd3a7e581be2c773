// Gives each user one of two variants, a or b, always the same, in a header that routes can match.
package main

import (
	"encoding/json"
	"hash/fnv"

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
	User    string `json:"user-header"`
	Variant string `json:"variant-header"`
	Salt    string `json:"experiment"`
	Percent int    `json:"percent"`
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, _ := proxywasm.GetPluginConfiguration()
	s := settings{User: "x-user-id", Variant: "x-variant", Percent: -1}
	err := json.Unmarshal(data, &s)
	p.settings = s
	if err != nil || s.Salt == "" || s.User == "" || s.Variant == "" || s.Percent < 0 || s.Percent > 100 {
		proxywasm.LogError("the configuration wants the name of an experiment, and a percent from 0 to 100")
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &request{settings: p.settings, chosen: "a"}
}

type request struct {
	types.DefaultHttpContext
	settings settings
	chosen   string
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	id, _ := proxywasm.GetHttpRequestHeader(r.settings.User)
	// The same for one user in each proxy, and drawn anew for each experiment.
	if id != "" && int(hash(r.settings.Salt+":"+id)%100) < r.settings.Percent {
		r.chosen = "b"
	}
	// All lines of that name go: nobody chooses a variant for himself.
	_ = proxywasm.RemoveHttpRequestHeader(r.settings.Variant)
	if err := proxywasm.AddHttpRequestHeader(r.settings.Variant, r.chosen); err != nil {
		proxywasm.LogErrorf("the variant cannot be set: %v", err)
	}
	return types.ActionContinue
}

func (r *request) OnHttpResponseHeaders(int, bool) types.Action {
	_ = proxywasm.RemoveHttpResponseHeader(r.settings.Variant)
	// A cache must not give one user's variant to another.
	for _, header := range [][2]string{{r.settings.Variant, r.chosen}, {"vary", r.settings.User}} {
		if err := proxywasm.AddHttpResponseHeader(header[0], header[1]); err != nil {
			proxywasm.LogErrorf("the header %s cannot be added: %v", header[0], err)
		}
	}
	return types.ActionContinue
}

// hash is FNV-1a, whose low bits are mixed once more.
func hash(text string) uint32 {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(text))
	mixed := sum.Sum32()
	mixed = (mixed ^ (mixed >> 16)) * 2246822507
	return mixed ^ (mixed >> 13)
}
