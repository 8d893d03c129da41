package provider

import (
	"context"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// deprecationWarner is a server that warns once when a response of the API announced the end of its endpoint: with the
// next read or change that ends.
type deprecationWarner struct {
	frameworkServer
	// announced is the announcement until the warning.
	announced atomic.Pointer[circleci.Deprecation]
}

// configure lets a client report to the warner.
func (s *deprecationWarner) configure(config *circleci.Config) {
	config.OnDeprecation = func(deprecation circleci.Deprecation) { s.announced.Store(&deprecation) }
}

func (s *deprecationWarner) addWarning(diagnostics *[]*tfprotov6.Diagnostic) {
	deprecation := s.announced.Swap(nil)
	if deprecation == nil {
		return
	}
	announced := "is deprecated"
	if deprecation.Since != "" {
		announced = "has been deprecated since " + deprecation.Since
	}
	if deprecation.Sunset != "" {
		announced += ", and ends on " + deprecation.Sunset
	}
	*diagnostics = append(*diagnostics, &tfprotov6.Diagnostic{
		Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "Deprecated endpoint of the Runner API",
		Detail: "The Runner API announced that " + deprecation.Request + " " + announced +
			`. If the provider's api_version is "v2", remove it. Otherwise use the newest version of the provider.`,
	})
}

// ReadDataSource calls the framework.
func (s *deprecationWarner) ReadDataSource(
	ctx context.Context, req *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	resp, err := s.frameworkServer.ReadDataSource(ctx, req)
	if err == nil {
		s.addWarning(&resp.Diagnostics)
	}
	return resp, err
}

// ReadResource calls the framework.
func (s *deprecationWarner) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := s.frameworkServer.ReadResource(ctx, req)
	if err == nil {
		s.addWarning(&resp.Diagnostics)
	}
	return resp, err
}

// ApplyResourceChange calls the framework.
func (s *deprecationWarner) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := s.frameworkServer.ApplyResourceChange(ctx, req)
	if err == nil {
		s.addWarning(&resp.Diagnostics)
	}
	return resp, err
}
