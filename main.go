// Command terraform-provider-circleci serves the provider to Terraform or OpenTofu.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"github.com/circleci-community/terraform-provider-circleci/internal/provider"
)

// version is set at release time.
var version = "dev"

func main() {
	// Go's own packages log through the standard logger, which would end up in Terraform's log: net/http the bytes of a
	// response that it did not expect, and with GODEBUG=http2debug each header, the credential included.
	log.SetOutput(io.Discard)

	debug := flag.Bool("debug", false, "serve for a debugger: print what TF_REATTACH_PROVIDERS needs, and keep running")
	flag.Parse()

	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	if err := tf6server.Serve(provider.Address, provider.NewServer(version), options...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
