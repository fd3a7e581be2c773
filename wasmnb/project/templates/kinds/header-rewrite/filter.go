// Sets and removes headers of requests and responses, as the configuration lists them.
package main

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

// main is never run: a proxy starts the filter with init.
func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

// name matches the name of a header; one that begins with a colon is part of the request line, and none.
var name = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

// framing has the headers that say where a message goes and where it ends: the proxy sets them.
var framing = map[string]bool{"host": true, "content-length": true, "transfer-encoding": true, "connection": true}

// changeable says whether a text is the name of a header that may be changed.
func changeable(text string) bool { return name.MatchString(text) && !framing[strings.ToLower(text)] }

type plugin struct {
	types.DefaultPluginContext
	request, response changes
}

// changes are what is done to one direction.
type changes struct {
	removed []string
	set     [][2]string
}

// read takes "name, name" and lines "name: value"; it gives false for what is none.
func (c *changes) read(names, lines string) bool {
	for _, word := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' }) {
		word = strings.TrimSpace(word)
		if !changeable(word) {
			return false
		}
		c.removed = append(c.removed, word)
	}
	for _, line := range strings.FieldsFunc(lines, func(r rune) bool { return r == '\n' }) {
		word, value, found := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		// What ends a line in a value would begin a header of its own.
		if !found || !changeable(word) || strings.ContainsFunc(value, isControl) {
			return false
		}
		c.set = append(c.set, [2]string{word, value})
	}
	return true
}

func isControl(c rune) bool { return (c < ' ' && c != '\t') || c == 0x7f }

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, _ := proxywasm.GetPluginConfiguration()
	var said struct {
		RequestRemove  string `json:"request-remove"`
		RequestSet     string `json:"request-set"`
		ResponseRemove string `json:"response-remove"`
		ResponseSet    string `json:"response-set"`
	}
	err := json.Unmarshal(data, &said)
	p.request, p.response = changes{}, changes{}
	if err != nil || !p.request.read(said.RequestRemove, said.RequestSet) ||
		!p.response.read(said.ResponseRemove, said.ResponseSet) {
		proxywasm.LogError("the configuration wants names, and lines of name: value")
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
	apply(r.plugin.request, proxywasm.RemoveHttpRequestHeader, proxywasm.AddHttpRequestHeader)
	return types.ActionContinue
}

func (r *request) OnHttpResponseHeaders(int, bool) types.Action {
	apply(r.plugin.response, proxywasm.RemoveHttpResponseHeader, proxywasm.AddHttpResponseHeader)
	return types.ActionContinue
}

func apply(c changes, remove func(string) error, add func(string, string) error) {
	for _, one := range c.removed {
		_ = remove(one) // it may not be there
	}
	for _, one := range c.set {
		// All lines of that name go, not the first alone.
		_ = remove(one[0])
		if err := add(one[0], one[1]); err != nil {
			proxywasm.LogErrorf("the header %s cannot be set: %v", one[0], err)
		}
	}
}
