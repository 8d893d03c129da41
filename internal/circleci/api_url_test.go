package circleci_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseAPIURL(t *testing.T) {
	const (
		either = circleci.APIVersion("")
		v2, v3 = circleci.V2, circleci.V3
	)
	type row struct {
		version circleci.APIVersion
		text    string
	}
	for want, rows := range map[string][]row{
		"https://runner.circleci.com": {
			{v2, circleci.DefaultAPIURL}, {v2, "https://runner.circleci.com/"}, {v3, "https://runner.circleci.com///"},
			{v2, "HTTPS://runner.circleci.com"},
		},
		"https://ci.example.com": {
			{v2, "https://ci.example.com/api/v2"}, {v2, "https://ci.example.com/api/v2/"}, {v3, "https://ci.example.com/api/v3"},
			{either, "https://ci.example.com/api/v2"}, {either, "https://ci.example.com/api/v3"},
		},
		"https://ci.example.com/circle": {
			{v2, "https://ci.example.com/circle"}, {v2, "https://ci.example.com/circle/api/v2"}, {v3, "https://ci.example.com/circle//api/v3//"},
		},
		"https://ci.example.com/circle/ci": {{v2, "https://ci.example.com/circle/ci/"}},
		"https://ci.example.com/a%2Fb":     {{v2, "https://ci.example.com/a%2Fb/"}, {v2, "https://ci.example.com/a%2Fb/api/v2"}},
		// The rest is the installation's own path.
		"https://ci.example.com/api":      {{v2, "https://ci.example.com/api"}},
		"https://ci.example.com/myapi/v2": {{v2, "https://ci.example.com/myapi/v2"}},

		"https://ci.example.com:8443":       {{v2, "https://ci.example.com:8443"}, {v2, "https://CI.Example.com:8443"}},
		"https://ci.example.com:1":          {{v2, "https://ci.example.com:1"}},
		"https://ci.example.com:65535":      {{v2, "https://ci.example.com:65535/api/v2"}},
		"https://[2001:db8:0::1]:8443":      {{v2, "https://[2001:db8:0::1]:8443"}},
		"https://[2001:db8:0::1]":           {{v2, "https://[2001:DB8:0::1]"}},
		"https://xn--bcher-kva.example.com": {{v2, "https://xn--bcher-kva.example.com"}},
		"https://my_ci.example.com":         {{v2, "https://my_ci.example.com"}},
		"http://localhost":                  {{v2, "http://localhost"}},
		"http://localhost:8080":             {{v2, "http://LocalHost:8080"}},
		"http://127.0.0.1:8080":             {{v2, "http://127.0.0.1:8080/"}},
		"http://127.1.2.3":                  {{v2, "http://127.1.2.3"}},
		"http://[::1]":                      {{v2, "http://[::1]"}},
		"http://[::1]:8080":                 {{v3, "http://[::1]:8080/api/v3"}},
	} {
		for _, row := range rows {
			got, err := circleci.ParseAPIURL(row.text, row.version)
			if err != nil {
				t.Errorf("%s with API %s: %v", row.text, row.version, err)
				continue
			}
			equal(t, row.text+" with API "+string(row.version), got.String(), want)
		}
	}
}

func TestParseAPIURLRejects(t *testing.T) {
	for want, texts := range map[string][]string{
		"is not an absolute http or https URL": {
			"", "runner.circleci.com", "/api/v2", "//runner.circleci.com", "ftp://runner.circleci.com", "localhost:8080",
			"ftp://jane:secret-password@ci.example.com",
		},
		"is not a valid URL": {
			"127.0.0.1:8080", "https://jane:secret-password%zz@ci.example.com", "https://jane:secret-password@ci.example.com:port",
			"https://ci.example.com:-1", "https://[::1",
		},
		"contains user info (the part before the @)": {
			"https://jane@ci.example.com", "https://jane:secret-password@ci.example.com", "https://@ci.example.com",
			"http://jane:secret-password@localhost", "https://jane:12/secret-password@ci.example.com/api/v2/runner",
		},
		"contains white space or a control character": {
			"https://jane:secret-password@ci.example.com ", " https://ci.example.com", "https://ci.example.com\n",
			"https://ci.example.com/a\u00a0b", "https://ci.example.com/\x00", "https://ci.example.com/\x7f",
		},
		"has no host":                          {"https://", "https:///api/v2", "https://:8443", "https:runner.circleci.com"},
		"has a query (the part from the ?)":    {"https://ci.example.com?", "https://ci.example.com/?token=secret-password"},
		"has a fragment (the part from the #)": {"https://ci.example.com#", "https://ci.example.com/#secret-password"},
		"has a port that is not between 1 and 65535": {
			"https://ci.example.com:0", "https://ci.example.com:65536", "https://ci.example.com:99999",
		},
		"has a host that is not in ASCII; an internationalized name has an ASCII form that starts with xn--": {
			"https://b\u00fccher.example.com", "https://b%C3%BCcher.example.com", "http://\uff2cocalhost",
		},
		"uses http, which would send the credential unencrypted and is allowed for loopback addresses only": {
			"http://runner.circleci.com", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://10.0.0.1",
			"http://0.0.0.0", "http://[2001:db8:0::1]",
		},
		"continues after /api/v2, but only the origin https://ci.example.com belongs there": {
			"https://ci.example.com/api/v2/runner", "https://ci.example.com/api/v2/runner/tasks/", "https://CI.example.com//api/v2//runner",
		},
		"continues after /api/v3, but only the origin https://ci.example.com:8443/a%2Fb belongs there": {
			"https://ci.example.com:8443/a%2Fb/api/v3/runner", "https://ci.example.com:8443/a%2Fb/api/v3/api/v2",
		},
		"ends in /api/v3, but api_version is v2": {"https://ci.example.com/api/v3", "https://ci.example.com/circle/api/v3/"},
	} {
		for _, text := range texts {
			_, err := circleci.ParseAPIURL(text, circleci.V2)
			equal(t, text, errorText(err), want)
		}
	}
	_, err := circleci.ParseAPIURL("https://ci.example.com/api/v2", circleci.V3)
	equal(t, "API v2 for v3", errorText(err), "ends in /api/v2, but api_version is v3")
}
