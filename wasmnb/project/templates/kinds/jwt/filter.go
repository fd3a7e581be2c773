// Lets a request pass only with a JSON Web Token that is signed (HS256, RS256 or ES256), in its time, and meant for
// this service.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
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
	settings  settings
	algorithm string
	verify    func(signed, signature []byte) bool
}

type settings struct {
	Secret    string `json:"secret"`
	PublicKey string `json:"public-key"`
	Audience  string `json:"audience"`
	Issuer    string `json:"issuer"`
	Leeway    int64  `json:"leeway"`
}

func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	data, _ := proxywasm.GetPluginConfiguration()
	var said settings
	if err := json.Unmarshal(data, &said); err != nil || said.Audience == "" || said.Leeway < 0 || !p.key(said) {
		proxywasm.LogError("the configuration wants a secret of 32 bytes or more, or else a public-key, an audience, " +
			"and a leeway of 0 or more")
		return types.OnPluginStartStatusFailed
	}
	p.settings = said
	return types.OnPluginStartStatusOK
}

// key takes the one key that there is, and with it the one algorithm: a token does not choose.
func (p *plugin) key(said settings) bool {
	// A shorter key than the digest is guessed sooner (RFC 7518, 3.2).
	if said.PublicKey == "" {
		p.algorithm, p.verify = "HS256", func(signed, signature []byte) bool {
			sum := hmac.New(sha256.New, []byte(said.Secret))
			sum.Write(signed)
			return hmac.Equal(signature, sum.Sum(nil))
		}
		return len(said.Secret) >= 32
	}
	block, _ := pem.Decode([]byte(said.PublicKey))
	if block == nil || said.Secret != "" {
		return false
	}
	found, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return false
	}
	switch key := found.(type) {
	case *rsa.PublicKey:
		p.algorithm, p.verify = "RS256", func(signed, signature []byte) bool {
			digest := sha256.Sum256(signed)
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
		}
		return key.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		p.algorithm, p.verify = "ES256", func(signed, signature []byte) bool {
			if len(signature) != 64 {
				return false
			}
			digest := sha256.Sum256(signed)
			r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
			return ecdsa.Verify(key, digest[:], r, s)
		}
		return key.Curve == elliptic.P256()
	}
	return false
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

type request struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	given, _ := proxywasm.GetHttpRequestHeader("authorization")
	token, bearer := strings.CutPrefix(given, "Bearer ")
	subject := ""
	if bearer {
		subject = r.plugin.subject(token)
	}
	if subject == "" {
		headers := [][2]string{{"www-authenticate", `Bearer error="invalid_token"`}}
		if err := proxywasm.SendHttpResponse(401, headers, []byte("a valid token is wanted\n"), -1); err != nil {
			proxywasm.LogErrorf("the request cannot be answered: %v", err)
		}
		return types.ActionPause
	}
	// All lines of that name go: nobody says himself who he is. To many frameworks an underscore there is a dash.
	for _, name := range []string{"x-jwt-subject", "x_jwt_subject", "x-jwt_subject", "x_jwt-subject"} {
		_ = proxywasm.RemoveHttpRequestHeader(name)
	}
	if err := proxywasm.AddHttpRequestHeader("x-jwt-subject", subject); err != nil {
		proxywasm.LogErrorf("the subject cannot be set: %v", err)
	}
	return types.ActionContinue
}

// subject gives whom a token is of; nothing when it is not good.
func (p *plugin) subject(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return ""
		}
	}
	// Members by their exact names: a struct would take SUB for sub.
	var header, said map[string]json.RawMessage
	var algorithm string
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(header["alg"], &algorithm) != nil {
		return ""
	}
	// What is critical and unknown refuses a token (RFC 7515, 4.1.11).
	if algorithm != p.algorithm || header["crit"] != nil {
		return ""
	}
	if !p.verify([]byte(parts[0]+"."+parts[1]), decoded[2]) {
		return ""
	}
	if json.Unmarshal(decoded[1], &said) != nil {
		return ""
	}
	var meant audience
	var issuer, subject string
	var expires, begins int64
	claims := map[string]any{"aud": &meant, "iss": &issuer, "sub": &subject, "exp": &expires, "nbf": &begins}
	for name, value := range claims {
		raw, there := said[name]
		if there && (string(raw) == "null" || json.Unmarshal(raw, value) != nil) {
			return ""
		}
	}
	now := time.Now().Unix()
	if now-p.settings.Leeway >= expires || now+p.settings.Leeway < begins {
		return ""
	}
	if !meant.has(p.settings.Audience) || (p.settings.Issuer != "" && issuer != p.settings.Issuer) {
		return ""
	}
	// What may stand in a header, and is read there as it is: spaces at its ends would be lost, and "ada " be ada.
	strange := strings.ContainsFunc(subject, func(c rune) bool { return c < ' ' || c > '~' })
	if strange || strings.Trim(subject, " ") != subject {
		return ""
	}
	return subject
}

// audience is one, or several.
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

func (a audience) has(wanted string) bool {
	for _, one := range a {
		if one == wanted {
			return true
		}
	}
	return false
}
