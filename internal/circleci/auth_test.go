package circleci_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestCheckSecret(t *testing.T) {
	t.Parallel()
	const (
		space   = "holds white space, such as a line break that was pasted along"
		control = "holds a control character"
	)
	tests := []struct{ secret, want string }{
		{"CCIPAT_0123456789abcdef", ""},
		{"x", ""},
		{"with:colon/slash=+~", ""},
		{"", "is empty"},
		{"secret\n", space},
		{"secret\r\n", space},
		{" secret", space},
		{"sec\tret", space},
		{"secret\u00a0", space},
		{"sec\x00ret", control},
		{"\x1b[31msecret", control},
		{"secret\u0090", control},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%q", test.secret), func(t *testing.T) {
			t.Parallel()
			equal(t, "what is wrong", circleci.CheckSecret(test.secret), test.want)
		})
	}
}

func TestCredentialIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const token = "very-secret-token"
	credential := circleci.PersonalToken(token)
	config := circleci.Config{APIURL: parseURL(t, circleci.DefaultAPIURL), Credential: credential}
	values := map[string]any{
		"credential":            credential,
		"pointer to credential": &credential,
		"config":                config,
		"pointer to config":     &config,
		"client":                circleci.New(config),
		"slice":                 []circleci.Credential{credential},
		"unexported field":      struct{ credential circleci.Credential }{credential},
	}
	for name, value := range values {
		// %d and %t fit no credential, but a verb that does not fit still prints.
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			text := fmt.Sprintf(verb, value)
			for _, leak := range []string{token, fmt.Sprintf("%x", token), fmt.Sprintf("%X", token)} {
				if strings.Contains(text, leak) {
					t.Errorf("%s of a %s shows the token: %s", verb, name, text)
				}
			}
		}
	}
	equal(t, "%v", fmt.Sprintf("%v", credential), "(credential hidden)")
	equal(t, "%#v", fmt.Sprintf("%#v", credential), "(credential hidden)")
}

// A server, or a proxy in front of it, may repeat what it was sent.
func TestEchoedTokenIsRedacted(t *testing.T) {
	t.Parallel()
	const token = circlecitest.PersonalToken
	tests := []struct {
		name   string
		answer http.Handler
		// want is a part of the error that shows that the words around the token were kept.
		want string
	}{
		{
			"API's message", circlecitest.Error(http.StatusUnauthorized, "bad token "+token+"!"),
			`401 Unauthorized: "bad token (redacted)!"`,
		},
		{
			"JSON without a message", circlecitest.Raw(http.StatusForbidden, "application/json", `["`+token+`"]`),
			`403 Forbidden: "[\"(redacted)\"]"`,
		},
		{
			"plain text", circlecitest.Raw(http.StatusBadGateway, "text/plain", "Circle-Token: "+token),
			`plain text, not as the API does: "Circle-Token: (redacted)"`,
		},
		{
			"HTML title", circlecitest.Raw(http.StatusBadGateway, "text/html", "<title>No "+token+"</title>"),
			`an HTML page, not as the API does: "No (redacted)"`,
		},
		{
			"control characters inside of the token",
			circlecitest.Error(http.StatusUnauthorized, token[:5]+"\x1b[1m\u200b"+token[5:]),
			`401 Unauthorized: "(redacted)"`,
		},
		{
			"token where a long message is cut",
			circlecitest.Error(http.StatusUnauthorized, strings.Repeat("x", 295)+token+" and more"),
			`: "` + strings.Repeat("x", 295) + `(reda…"`,
		},
		{
			"plain text with status 200", circlecitest.JSON("hello " + token),
			`is plain text, not JSON: "hello (redacted)"`,
		},
		{
			"HTML title with status 200", circlecitest.JSON("<html><title>" + token + "</title>"),
			`its title is "(redacted)"`,
		},
		{
			"resource class of a runner", circlecitest.JSON(`{"items":[{"resource_class":"` + token + `/x","name":"one"}]}`),
			`resource class "(redacted)/x"`,
		},
		{
			"target of a redirect", circlecitest.Redirect("http://" + token + ".example.com/" + token),
			"was redirected to http://(redacted).example.com:80, which",
		},
		{
			"broken redirect",
			circlecitest.WithHeader(circlecitest.Raw(http.StatusFound, "text/plain", ""), "Location", "http://[::1/"+token),
			"(redacted)",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.Always(test.answer)
			_, err := newClient(t, server).ListRunners(t.Context(), circleci.RunnerFilter{Namespace: "acme"})
			if err == nil {
				t.Fatal("got no error")
			}
			for _, verb := range []string{"%v", "%+v", "%s", "%q"} {
				if text := fmt.Sprintf(verb, err); strings.Contains(text, token) {
					t.Errorf("%s shows the token: %s", verb, text)
				}
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %s\nwant a part %s", err, test.want)
			}
		})
	}
}
