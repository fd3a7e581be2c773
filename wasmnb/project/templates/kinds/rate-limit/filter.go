// Lets so many requests pass in each span of time, and answers 429 to the others.
//
// A proxy runs the filter once per worker thread, each in a memory of its own. What all of them count is therefore in
// the proxy's shared data, as "window:count".
package main

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

const key = "rate_limit"

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
	Requests int64 `json:"requests"`
	Seconds  int64 `json:"seconds"`
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil || len(data) == 0 {
		data = []byte("{}")
	}
	p.settings = settings{Requests: 100, Seconds: 1}
	if err := json.Unmarshal(data, &p.settings); err != nil || p.settings.Requests < 1 || p.settings.Seconds < 1 {
		proxywasm.LogError("the configuration wants requests and seconds, both 1 or more")
		return types.OnPluginStartStatusFailed
	}
	return types.OnPluginStartStatusOK
}

// take counts one request; it gives false when there were enough.
func (p *plugin) take() bool {
	now := time.Now().Unix() / p.settings.Seconds
	for {
		data, cas, _ := proxywasm.GetSharedData(key)
		window, count := counted(string(data), now)
		if count >= p.settings.Requests {
			return false
		}
		text := strconv.FormatInt(window, 10) + ":" + strconv.FormatInt(count+1, 10)
		err := proxywasm.SetSharedData(key, []byte(text), cas)
		// Another thread may have counted meanwhile: then this number is refused, and counted anew.
		if !errors.Is(err, types.ErrorStatusCasMismatch) {
			return true
		}
	}
}

// counted gives the window of now and its count. A thread that read its clock first may come last: it counts in the
// window that the others have begun.
func counted(data string, now int64) (window, count int64) {
	of, number, _ := strings.Cut(data, ":")
	begun, err := strconv.ParseInt(of, 10, 64)
	if err != nil || begun != now && begun != now+1 {
		return now, 0
	}
	count, _ = strconv.ParseInt(number, 10, 64)
	return begun, count
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

type request struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	if r.plugin.take() {
		return types.ActionContinue
	}
	headers := [][2]string{{"retry-after", strconv.FormatInt(r.plugin.settings.Seconds, 10)}}
	if err := proxywasm.SendHttpResponse(429, headers, []byte("too many requests\n"), -1); err != nil {
		proxywasm.LogErrorf("the request cannot be answered: %v", err)
	}
	return types.ActionPause
}
