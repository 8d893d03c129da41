package circleci_test

import (
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseAPIURL(t *testing.T) {
	for text, want := range map[string]string{
		circleci.DefaultAPIURL:                     "https://runner.circleci.com",
		"https://ci.example.com.:8443":             "https://ci.example.com:8443",
		"HTTPS://CI.Example.com///":                "https://ci.example.com",
		"https://ci.example.com/api/v2/":           "https://ci.example.com",
		"https://ci.example.com/circle//api/v2//":  "https://ci.example.com/circle",
		"https://ci.example.com/a%2Fb/api/v2":      "https://ci.example.com/a%2Fb",
		"https://ci.example.com/api":               "https://ci.example.com/api", // The installation's own path.
		"https://ci.example.com/myapi/v2":          "https://ci.example.com/myapi/v2",
		"https://ci.example.com:1":                 "https://ci.example.com:1",
		"https://ci.example.com:65535/api/v2":      "https://ci.example.com:65535",
		"https://[2001:DB8:0::1]:8443":             "https://[2001:db8:0::1]:8443",
		"https://xn--bcher-kva.example.com/api/v2": "https://xn--bcher-kva.example.com",
		"http://LocalHost:8080":                    "http://localhost:8080",
		"http://127.1.2.3":                         "http://127.1.2.3",
		"http://[::1]:8080":                        "http://[::1]:8080",
	} {
		got, err := circleci.ParseAPIURL(text, circleci.V2)
		if err != nil {
			t.Errorf("%s %v", text, err)
			continue
		}
		equal(t, text, got.String(), want)
	}
	for _, version := range []circleci.APIVersion{"", circleci.Auto, circleci.V3} {
		got, err := circleci.ParseAPIURL("https://ci.example.com/api/v3", version)
		equal(t, "error with "+string(version), errorText(err), "")
		equal(t, "URL", got.String(), "https://ci.example.com")
	}
}

func TestParseAPIURLRejects(t *testing.T) {
	for want, texts := range map[string][]string{
		"is not an absolute http or https URL": {
			"", "runner.circleci.com", "//runner.circleci.com", "localhost:8080", "ftp://jane:secret-password@ci.example.com",
		},
		"is not a valid URL": {"127.0.0.1:8080", "https://jane:secret-password%zz@ci.example.com", "https://[::1"},
		"contains user info (the part before the @)": {
			"https://@ci.example.com", "https://jane:secret-password@a.example.com", "https://jane:12/secret@ci.example.com",
		},
		"contains white space or a control character": {" https://a.example.com", "https://a\u00a0b", "https://a\x7f"},
		"has no host":                                {"https:///api/v2", "https://:8443", "https:runner.circleci.com"},
		"has a query (the part from the ?)":          {"https://a.example.com?", "https://a.example.com/?token=secret"},
		"has a fragment (the part from the #)":       {"https://ci.example.com#", "https://ci.example.com/#secret-password"},
		"has a port that is not between 1 and 65535": {"https://ci.example.com:0", "https://ci.example.com:65536"},
		"has a host that is not in ASCII; an internationalized name has an ASCII form that starts with xn--": {
			"https://b\u00fccher.example.com", "https://b%C3%BCcher.example.com",
		},
		"uses http, which would send the credential unencrypted and is allowed for loopback addresses only": {
			"http://runner.circleci.com", "http://localhost.example.com", "http://10.0.0.1", "http://[2001:db8:0::1]",
		},
		"continues after /api/v2, but only the origin https://ci.example.com belongs there": {
			"https://ci.example.com/api/v2/runner/tasks/", "https://CI.example.com//api/v2//runner",
		},
		"continues after /api/v3, but only the origin https://ci.example.com:8443/a%2Fb belongs there": {
			"https://ci.example.com:8443/a%2Fb/api/v3/api/v2",
		},
		"ends in /api/v3, but api_version is v2": {"https://ci.example.com/circle/api/v3/"},
	} {
		for _, text := range texts {
			_, err := circleci.ParseAPIURL(text, circleci.V2)
			equal(t, text, errorText(err), want)
		}
	}
}
