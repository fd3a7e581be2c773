//go:build tools

// Package programs names what is built of Istio, so that go.mod knows all it needs.
package programs

import (
	_ "istio.io/istio/istioctl/cmd/istioctl"
	_ "istio.io/istio/pilot/cmd/pilot-agent"
	_ "istio.io/istio/pilot/cmd/pilot-discovery"
)
