import (
	"bytes"
	"errors"
	"strconv"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &root{} })
}

type root struct {
	types.DefaultPluginContext
	configuration   string
	requests, ticks proxywasm.MetricCounter
}

func (r *root) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		return types.OnPluginStartStatusFailed
	}
	r.configuration = string(data)
	r.requests = proxywasm.DefineCounterMetric("requests_seen")
	r.ticks = proxywasm.DefineCounterMetric("ticks_seen")
	must(proxywasm.SetTickPeriodMilliSeconds(20))
	return types.OnPluginStartStatusOK
}

func (r *root) OnTick() { r.ticks.Increment(1) }

func (r *root) NewHttpContext(uint32) types.HttpContext { return &stream{root: r} }

type stream struct {
	types.DefaultHttpContext
	root        *root
	path, count string
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	s.path, _ = proxywasm.GetHttpRequestHeader(":path")
	s.root.requests.Increment(1)
	must(proxywasm.AddHttpRequestHeader("x-seen", "yes"))
	switch s.path {
	case "/deny":
		must(proxywasm.SendHttpResponse(401, [][2]string{{"x-why", "no token"}}, []byte("who are you?"), -1))
		return types.ActionPause
	case "/call":
		return s.call("/inner", 5000)
	case "/call/slow":
		return s.call("/slow", 50)
	case "/count":
		s.count = count()
	case "/levels":
		proxywasm.LogTrace("said at trace")
		proxywasm.LogDebug("said at debug")
		proxywasm.LogInfo("said at info")
		proxywasm.LogWarn("said at warn")
		proxywasm.LogError("said at error")
		proxywasm.LogCriticalf("said at %s", "critical")
	}
	return types.ActionContinue
}

func (s *stream) call(path string, patience uint32) types.Action {
	headers := [][2]string{{":method", "GET"}, {":path", path}, {":authority", "inner"}}
	_, err := proxywasm.DispatchHttpCall("http", headers, nil, nil, patience, func(int, int, int) {
		answer, err := proxywasm.GetHttpCallResponseHeaders()
		must(err)
		for _, header := range answer {
			if header[0] == ":status" {
				must(proxywasm.AddHttpRequestHeader("x-inner", header[1]))
			}
		}
		must(proxywasm.ResumeHttpRequest())
	})
	must(err)
	return types.ActionPause
}

func count() string {
	data, cas, err := proxywasm.GetSharedData("count")
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		panic(err)
	}
	number, _ := strconv.Atoi(string(data))
	text := strconv.Itoa(number + 1)
	must(proxywasm.SetSharedData("count", []byte(text), cas))
	return text
}

func (s *stream) OnHttpRequestBody(size int, last bool) types.Action {
	switch {
	case s.path == "/upper" && !last:
		return types.ActionPause
	case s.path == "/upper":
		body, err := proxywasm.GetHttpRequestBody(0, size)
		must(err)
		must(proxywasm.ReplaceHttpRequestBody(bytes.ToUpper(body)))
	case s.path == "/append" && last:
		must(proxywasm.AppendHttpRequestBody([]byte("-end")))
	}
	return types.ActionContinue
}

func (s *stream) OnHttpRequestTrailers(int) types.Action {
	must(proxywasm.AddHttpRequestTrailer("x-added", "there"))
	return types.ActionContinue
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	must(proxywasm.AddHttpResponseHeader("hello", s.root.configuration))
	must(proxywasm.AddHttpResponseHeader("你好", "六翁"))
	if s.count != "" {
		must(proxywasm.AddHttpResponseHeader("x-count", s.count))
	}
	if s.path == "/answer" {
		must(proxywasm.RemoveHttpResponseHeader("content-length"))
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseBody(size int, last bool) types.Action {
	if s.path != "/answer" {
		return types.ActionContinue
	}
	if !last {
		return types.ActionPause
	}
	must(proxywasm.ReplaceHttpResponseBody([]byte(strconv.Itoa(size) + " bytes")))
	return types.ActionContinue
}

func (s *stream) OnHttpResponseTrailers(int) types.Action {
	must(proxywasm.AddHttpResponseTrailer("x-added", "back"))
	return types.ActionContinue
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
