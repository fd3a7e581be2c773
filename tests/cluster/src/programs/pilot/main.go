// Istio's control plane; under the name istio-manifests, what installs it: the objects that an IstioOperator asks for.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"istio.io/istio/operator/pkg/render"
	"istio.io/istio/pilot/cmd/pilot-discovery/app"
	"istio.io/istio/pkg/log"
)

func main() {
	if filepath.Base(os.Args[0]) == "istio-manifests" {
		if err := manifests(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	log.EnableKlogWithCobra()
	if err := app.NewRootCommand().Execute(); err != nil {
		log.Error(err)
		os.Exit(1)
	}
}

// manifests prints what istioctl would, in an order that is always the same.
func manifests(files []string) error {
	sets, _, err := render.GenerateManifest(files, nil, false, nil, nil)
	if err != nil {
		return err
	}
	var texts []string
	for _, set := range sets {
		for _, one := range set.Manifests {
			texts = append(texts, one.Content)
		}
	}
	slices.Sort(texts)
	fmt.Println(strings.Join(texts, "\n---\n"))
	return nil
}
