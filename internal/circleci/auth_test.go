package circleci_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func withCredential(credential circleci.Credential) option {
	return func(config *circleci.Config) { config.Credential = credential }
}

// credentials are all kinds. Value is that of the header.
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

func TestCredentialIsNeverPrinted(t *testing.T) {
	const token = "very-secret-token"
	credential := circleci.PersonalToken(token)
	config := circleci.Config{APIURL: parseURL(t, circleci.DefaultAPIURL), Credential: credential}
	for name, value := range map[string]any{
		"credential":       credential,
		"pointer":          &credential,
		"config":           config,
		"client":           circleci.New(config),
		"unexported field": struct{ credential circleci.Credential }{credential},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} { // A verb that does not fit prints, too.
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, token) || strings.Contains(text, fmt.Sprintf("%x", token)) {
				t.Errorf("%s of a %s shows the token: %s", verb, name, text)
			}
		}
	}
	equal(t, "%v and %#v", fmt.Sprintf("%v %#v", credential, credential), "(credential redacted) (credential redacted)")
}

func TestValidateSecret(t *testing.T) {
	for secret, want := range map[string]string{
		"with:colon/slash=+~": "",
		"":                    "is empty",
		"secret\r\n":          "contains white space, such as a pasted line break",
		" secret":             "contains white space, such as a pasted line break",
		"\x1b[31msecret":      "contains a control character",
		"\u200bsecret":        "contains an invisible character",
	} {
		equal(t, fmt.Sprintf("error of %q", secret), errorText(circleci.ValidateSecret(secret)), want)
	}
}
