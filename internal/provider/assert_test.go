package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

// diagnostic is a diagnostic of the provider. Its attribute is "" if it is about a whole block.
type diagnostic struct{ Severity, Summary, Detail, Attribute string }

// wantDiagnostic is a diagnostic that a user must get.
type wantDiagnostic struct {
	// severity is "error" if it is "".
	severity string
	// at is the attribute. "" is not compared.
	at string
	// summary is the complete summary.
	summary string
	// detail is a part of the detail, in which " ... " matches any text.
	detail string
}

// assertDiagnostic asserts that there is exactly one diagnostic, and that it is this one.
func assertDiagnostic(t *testing.T, got []diagnostic, want wantDiagnostic) {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("got %d diagnostics, want 1: %s", len(got), formatDiagnostics(got))
	}
	if d := got[0]; d.Severity != cmp.Or(want.severity, "error") || d.Summary != want.summary {
		t.Errorf("got %s %q, want %+v with the detail\n%s", d.Severity, d.Summary, want, d.Detail)
	}
	rest := got[0].Detail
	for _, part := range strings.Split(want.detail, " ... ") {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("got detail\n%s\nwithout\n%s", got[0].Detail, part)
		}
		rest = after
	}
	if at := got[0].Attribute; want.at != "" && at != want.at {
		t.Errorf("the diagnostic is at %q, want %s", at, want.at)
	}
}

func assertNoDiagnostics(t *testing.T, got []diagnostic) {
	t.Helper()
	if len(got) != 0 {
		t.Fatalf("got %d diagnostics, want none: %s", len(got), formatDiagnostics(got))
	}
}

func formatDiagnostics(diagnostics []diagnostic) string {
	var all strings.Builder
	for _, d := range diagnostics {
		fmt.Fprintf(&all, "\n%s: %s: %s", d.Severity, d.Summary, d.Detail)
	}
	return all.String()
}

// expectReport asserts the severity, summary and detail of all diagnostics, in any order.
func expectReport(t *testing.T, got []diagnostic, want ...diagnostic) {
	t.Helper()
	expectSame(t, "diagnostics", want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(diagnostic{}, "Attribute"),
		cmpopts.SortSlices(func(a, b diagnostic) bool { return a.Detail < b.Detail }))
}

func expectNoSecret(t *testing.T, diagnostics []diagnostic) {
	t.Helper()
	for _, d := range diagnostics {
		if strings.Contains(d.Summary+d.Detail, "sesame") {
			t.Errorf("the diagnostic contains the secret: %+v", d)
		}
	}
}

// expectRequests asserts that all requests are reads of these URLs, relative to the server, in any order.
func expectRequests(t *testing.T, server *circlecitest.Server, want ...string) {
	t.Helper()
	got := []string{}
	for _, request := range server.Requests() {
		if request.Method != http.MethodGet {
			t.Errorf("got method %s of %s, want GET", request.Method, request.Path)
		}
		got = append(got, requestURL(request))
	}
	expectSame(t, "requests", want, got, cmpopts.EquateEmpty(), cmpopts.SortSlices(strings.Compare))
}

// expectNothingLeft asserts that the server has neither resource classes nor tokens.
func expectNothingLeft(t *testing.T, server *circlecitest.Server) {
	t.Helper()
	if classes, tokens := server.ResourceClasses(), server.Tokens(); len(classes)+len(tokens) > 0 {
		t.Errorf("the API lists %+v and %+v", classes, tokens)
	}
}

// requestURL returns the path and the query of a request.
func requestURL(request circlecitest.Request) string {
	if query := request.Query.Encode(); query != "" {
		return request.Path + "?" + query
	}
	return request.Path
}

func expectSame[T any](t *testing.T, what string, want, got T, options ...gocmp.Option) {
	t.Helper()
	if difference := gocmp.Diff(want, got, options...); difference != "" {
		t.Errorf("the %s differ (-want +got):\n%s", what, difference)
	}
}
