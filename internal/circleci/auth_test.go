package circleci_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
	"github.com/circleci-community/terraform-provider-circleci/internal/circleci/circlecitest"
)

func TestValidateSecret(t *testing.T) {
	for want, secrets := range map[string][]string{
		"":         {"CCIPAT_0123456789abcdef", "x", "with:colon/slash=+~"},
		"is empty": {""},
		"contains white space, such as a pasted line break": {"secret\n", "secret\r\n", " secret", "sec\tret", "secret\u00a0"},
		"contains a control character":                      {"sec\x00ret", "\x1b[31msecret", "secret\u0090"},
	} {
		for _, secret := range secrets {
			equal(t, fmt.Sprintf("error of %q", secret), errorText(circleci.ValidateSecret(secret)), want)
		}
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

// The credential is sent in its header and no other.
func TestRequest(t *testing.T) {
	const class = "acme/a&namespace=b=c#d?e+f%20"
	assertRequest := func(t *testing.T, path, key, value string, change func(*circleci.Config)) {
		t.Helper()
		server, client := respond(t, circlecitest.JSON(`{"unclaimed_task_count":42}`), change)
		_, err := client.UnclaimedTaskCount(t.Context(), class)
		equal(t, "error", errorText(err), "")
		header := http.Header{"Accept": {"application/json"}, "Accept-Encoding": {"gzip"}, "User-Agent": {"circleci-test/1.0"}}
		if key != "" {
			header.Set(key, value)
		}
		want := circlecitest.Request{Method: "GET", Path: path + "/runner/tasks", Query: url.Values{"resource-class": {class}}, Header: header}
		equal(t, "requests", server.Requests(), []circlecitest.Request{want})
	}
	for _, credential := range credentials {
		// The second has what base64 writes with + and /, and what a URL or a cookie would escape.
		for _, secret := range []string{"CCIPAT_0123456789abcdef", "~?>~?>/+=%2F&;,"} {
			assertRequest(t, "/api/v3", credential.header, credential.value(secret), withCredential(credential.make(secret)))
		}
	}
	assertRequest(t, "/circle/ci/api/v3", "", "", func(config *circleci.Config) {
		config.APIURL, config.APIVersion, config.Credential = config.APIURL.JoinPath("circle/ci"), circleci.V3, circleci.Credential{}
	})
}

func TestCredentialIsNeverPrinted(t *testing.T) {
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
