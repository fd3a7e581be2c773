//go:build tools

// Package programs names what is built as it is published, so that go.mod knows all it needs.
package programs

import _ "istio.io/istio/pilot/cmd/pilot-agent"
