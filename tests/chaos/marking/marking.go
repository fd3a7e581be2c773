package main

import (
	"errors"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &root{} })
}

type root struct {
	types.DefaultPluginContext
	configuration string
}

func (r *root) OnPluginStart(int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		return types.OnPluginStartStatusFailed
	}
	r.configuration = string(data)
	return types.OnPluginStartStatusOK
}

func (r *root) NewHttpContext(uint32) types.HttpContext { return &stream{root: r} }

type stream struct {
	types.DefaultHttpContext
	root *root
	evil bool
}

func (s *stream) OnHttpRequestHeaders(int, bool) types.Action {
	path, _ := proxywasm.GetHttpRequestHeader(":path")
	s.evil = strings.Contains(path, "!")
	if strings.Contains(path, "^") {
		_ = proxywasm.SendHttpResponse(403, nil, nil, -1)
		return types.ActionPause
	}
	return types.ActionContinue
}

func (s *stream) OnHttpResponseHeaders(int, bool) types.Action {
	if s.evil {
		panic("as it was told to")
	}
	_ = proxywasm.AddHttpResponseHeader("x-tag", "go")
	if s.root.configuration != "" {
		_ = proxywasm.AddHttpResponseHeader("x-config", s.root.configuration)
	}
	return types.ActionContinue
}
