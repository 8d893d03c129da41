package circleci_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
			equal(t, "what is wrong", circleci.ValidateSecret(test.secret), test.want)
		})
	}
}

// credentials are all kinds. Their header's value is made from the secret.
var credentials = []struct {
	name   string
	make   func(secret string) circleci.Credential
	header string
	value  func(secret string) string
}{
	{"personal token", circleci.PersonalToken, "Circle-Token", func(secret string) string { return secret }},
	{"Basic", circleci.BasicToken, "Authorization", func(secret string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(secret+":"))
	}},
	{"Bearer", circleci.BearerToken, "Authorization", func(secret string) string { return "Bearer " + secret }},
	{"launch token", circleci.LaunchToken, "Authorization", func(secret string) string { return "Bearer " + secret }},
	{"session cookie", circleci.SessionCookie, "Cookie", func(secret string) string { return "ring-session=" + secret }},
}

func TestCredentialIsSentInItsHeaderAndNoOther(t *testing.T) {
	t.Parallel()
	for _, credential := range credentials {
		// The second has what base64 writes with + and /, and what a URL or a cookie would escape.
		for _, secret := range []string{"CCIPAT_0123456789abcdef", "~?>~?>/+=%2F&;,"} {
			t.Run(credential.name+"/"+secret, func(t *testing.T) {
				t.Parallel()
				server := startServer(t)
				server.SetHandler(circlecitest.JSON(`{"unclaimed_task_count":42}`))
				client := newClient(t, server, func(config *circleci.Config) { config.Credential = credential.make(secret) })
				if _, err := client.UnclaimedTaskCount(t.Context(), "acme/linux"); err != nil {
					t.Fatal(err)
				}
				requests := server.Requests()
				equal(t, "number of requests", len(requests), 1)
				equal(t, "headers", requests[0].Header, http.Header{
					"Accept":          {"application/json"},
					"Accept-Encoding": {"gzip"},
					"User-Agent":      {"circleci-test/1.0"},
					credential.header: {credential.value(secret)},
				})
				equal(t, "query", requests[0].Query, url.Values{"resource-class": {"acme/linux"}})
			})
		}
	}
}

func TestServerTakesEachCredential(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"personal token": circlecitest.PersonalToken,
		"Basic":          circlecitest.PersonalToken,
		"Bearer":         circlecitest.PersonalToken,
		"launch token":   circlecitest.LaunchToken,
		"session cookie": circlecitest.SessionCookie,
	}
	for _, credential := range credentials {
		t.Run(credential.name, func(t *testing.T) {
			t.Parallel()
			server := startServer(t)
			server.SetTasks("acme/linux", 42, 0)
			client := newClient(t, server, func(config *circleci.Config) {
				config.Credential = credential.make(secrets[credential.name])
			})
			got, err := client.UnclaimedTaskCount(t.Context(), "acme/linux")
			equal(t, "error", errorText(err), "")
			equal(t, "count", got, int64(42))
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
	equal(t, "%v", fmt.Sprintf("%v", credential), "(credential redacted)")
	equal(t, "%#v", fmt.Sprintf("%#v", credential), "(credential redacted)")
}

// raw sends raw bytes instead of an HTTP response and closes the connection.
func raw(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(connection, text)
		_ = connection.Close()
	})
}
