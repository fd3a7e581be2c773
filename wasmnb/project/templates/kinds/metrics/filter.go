// Counts responses by the class of their status, and measures how long they took; the proxy shows both in its stats.
package main

import (
	"encoding/json"
	"strconv"
	"time"

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
	responses    [5]proxywasm.MetricCounter
	milliseconds proxywasm.MetricHistogram
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil || len(data) == 0 {
		data = []byte("{}")
	}
	settings := struct {
		Name string `json:"name"`
	}{Name: "my_filter"}
	if err := json.Unmarshal(data, &settings); err != nil || settings.Name == "" {
		proxywasm.LogError("the configuration wants a name for the metrics")
		return types.OnPluginStartStatusFailed
	}
	for i := range p.responses {
		p.responses[i] = proxywasm.DefineCounterMetric(settings.Name + ".responses." + strconv.Itoa(i+1) + "xx")
	}
	p.milliseconds = proxywasm.DefineHistogramMetric(settings.Name + ".milliseconds")
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext {
	return &request{plugin: p, began: time.Now()}
}

type request struct {
	types.DefaultHttpContext
	plugin *plugin
	began  time.Time
}

func (r *request) OnHttpResponseHeaders(int, bool) types.Action {
	status, _ := proxywasm.GetHttpResponseHeader(":status")
	if status != "" && status[0] >= '1' && status[0] <= '5' {
		r.plugin.responses[status[0]-'1'].Increment(1)
	}
	r.plugin.milliseconds.Record(uint64(time.Since(r.began).Milliseconds()))
	return types.ActionContinue
}
