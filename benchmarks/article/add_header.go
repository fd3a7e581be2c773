// Adds headers to every response: one from the plugin's configuration, one from the code.
//
// Configuration, a JSON object:  {"name": "hello", "value": "world"}
//
// A filter has two contexts. The plugin's lives as long as the plugin and reads the configuration; an HTTP context
// lives as long as one request. init() makes the first one known to the proxy; main() is never run.
package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(contextID uint32) types.PluginContext { return &addHeaderPlugin{} })
}

type addHeaderPlugin struct {
	types.DefaultPluginContext
	name, value string
}

// A failed start refuses the configuration: the proxy keeps what it had, and its log has the reason.
func (p *addHeaderPlugin) OnPluginStart(configurationSize int) types.OnPluginStartStatus {
	data, err := proxywasm.GetPluginConfiguration()
	if err != nil && !errors.Is(err, types.ErrorStatusNotFound) {
		proxywasm.LogErrorf("the configuration cannot be read: %v", err)
		return types.OnPluginStartStatusFailed
	}
	// A member that is missing keeps this.
	members := map[string]string{"name": "x-filter", "value": "on"}
	if err := parse(string(data), members); err != nil {
		proxywasm.LogErrorf("the configuration is no JSON object of strings: %v", err)
		return types.OnPluginStartStatusFailed
	}
	p.name, p.value = members["name"], members["value"]
	return types.OnPluginStartStatusOK
}

func (p *addHeaderPlugin) NewHttpContext(contextID uint32) types.HttpContext {
	return &addHeader{plugin: p}
}

type addHeader struct {
	types.DefaultHttpContext
	plugin *addHeaderPlugin
}

func (h *addHeader) OnHttpResponseHeaders(count int, endOfStream bool) types.Action {
	for _, header := range [][2]string{{h.plugin.name, h.plugin.value}, {"你好", "六翁"}} {
		if err := proxywasm.AddHttpResponseHeader(header[0], header[1]); err != nil {
			proxywasm.LogErrorf("the header %s cannot be added: %v", header[0], err)
		}
	}
	return types.ActionContinue
}

// parse reads a JSON object whose members are strings. encoding/json reads any, but makes the module half as large
// again, and every proxy takes that much longer to load it.
func parse(text string, members map[string]string) error {
	rest, found := strings.CutPrefix(strings.TrimSpace(text), "{")
	if text = strings.TrimSpace(rest); !found || text == "}" {
		return wanted("{", text, found || text == "")
	}
	for {
		name, rest, err := literal(text)
		if err != nil {
			return err
		}
		if rest, found = strings.CutPrefix(rest, ":"); !found {
			return wanted(":", rest, false)
		}
		if members[name], rest, err = literal(rest); err != nil {
			return err
		}
		if text, found = strings.CutPrefix(rest, ","); !found {
			return wanted("}", rest, rest == "}")
		}
	}
}

func literal(text string) (value, rest string, err error) {
	text = strings.TrimSpace(text)
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil || quoted[0] != '"' {
		return "", text, wanted("a string", text, false)
	}
	value, err = strconv.Unquote(quoted)
	return value, strings.TrimSpace(text[len(quoted):]), err
}

func wanted(what, text string, found bool) error {
	if found {
		return nil
	}
	return errors.New(what + " is wanted at " + strconv.Quote(text))
}
