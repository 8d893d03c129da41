package circleci_test

import (
	"strings"
	"testing"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func TestParseAPIURL(t *testing.T) {
	t.Parallel()
	const either = circleci.APIVersion("")
	tests := []struct {
		text    string
		version circleci.APIVersion
		want    string
	}{
		{circleci.DefaultAPIURL, circleci.V2, "https://runner.circleci.com"},
		{"https://runner.circleci.com/", circleci.V2, "https://runner.circleci.com"},
		{"https://runner.circleci.com///", circleci.V3, "https://runner.circleci.com"},
		{"HTTPS://runner.circleci.com", circleci.V2, "https://runner.circleci.com"},
		{"https://ci.example.com/circle", circleci.V2, "https://ci.example.com/circle"},
		{"https://ci.example.com/circle/ci/", circleci.V2, "https://ci.example.com/circle/ci"},
		{"https://ci.example.com/a%2Fb/", circleci.V2, "https://ci.example.com/a%2Fb"},

		{"https://ci.example.com/api/v2", circleci.V2, "https://ci.example.com"},
		{"https://ci.example.com/api/v2/", circleci.V2, "https://ci.example.com"},
		{"https://ci.example.com/api/v3", circleci.V3, "https://ci.example.com"},
		{"https://ci.example.com/api/v2", either, "https://ci.example.com"},
		{"https://ci.example.com/api/v3", either, "https://ci.example.com"},
		{"https://ci.example.com/circle/api/v2", circleci.V2, "https://ci.example.com/circle"},
		{"https://ci.example.com/circle//api/v3//", circleci.V3, "https://ci.example.com/circle"},
		{"https://ci.example.com/a%2Fb/api/v2", circleci.V2, "https://ci.example.com/a%2Fb"},
		// Only one version is dropped: the rest is the installation's own path.
		{"https://ci.example.com/api/v3/api/v2", circleci.V2, "https://ci.example.com/api/v3"},
		{"https://ci.example.com/api", circleci.V2, "https://ci.example.com/api"},
		{"https://ci.example.com/myapi/v2", circleci.V2, "https://ci.example.com/myapi/v2"},

		{"https://ci.example.com:8443", circleci.V2, "https://ci.example.com:8443"},
		{"https://ci.example.com:1", circleci.V2, "https://ci.example.com:1"},
		{"https://ci.example.com:65535/api/v2", circleci.V2, "https://ci.example.com:65535"},
		{"https://[2001:db8::1]:8443", circleci.V2, "https://[2001:db8::1]:8443"},
		{"https://[2001:DB8:0::1]", circleci.V2, "https://[2001:db8::1]"},
		{"https://CI.Example.com:8443", circleci.V2, "https://ci.example.com:8443"},
		{"https://B\u00dccher.example.com", circleci.V2, "https://xn--bcher-kva.example.com"},
		{"https://my_ci.example.com", circleci.V2, "https://my_ci.example.com"},

		{"http://localhost", circleci.V2, "http://localhost"},
		{"http://LocalHost:8080", circleci.V2, "http://localhost:8080"},
		{"http://127.0.0.1:8080/", circleci.V2, "http://127.0.0.1:8080"},
		{"http://127.1.2.3", circleci.V2, "http://127.1.2.3"},
		{"http://[::1]", circleci.V2, "http://[::1]"},
		{"http://[::1]:8080/api/v3", circleci.V3, "http://[::1]:8080"},
	}
	for _, test := range tests {
		t.Run(test.text+" "+string(test.version), func(t *testing.T) {
			t.Parallel()
			got, err := circleci.ParseAPIURL(test.text, test.version)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "URL", got.String(), test.want)
		})
	}
}

func TestParseAPIURLRejects(t *testing.T) {
	t.Parallel()
	const (
		notAbsolute = "is not an absolute http or https URL"
		userInfo    = "holds user info (the part before the @)"
		noHost      = "has no host"
		query       = "has a query (the part from the ?)"
		fragment    = "has a fragment (the part from the #)"
		characters  = "holds white space or a control character"
		port        = "has a port that is not between 1 and 65535"
		invalid     = "is not a valid URL"
		name        = "has a host that is not a valid name"
		plain       = "is plain http, which would send the credential unencrypted and is allowed to this machine only"
	)
	tests := []struct{ text, want string }{
		{"", notAbsolute},
		{"runner.circleci.com", notAbsolute},
		{"/api/v2", notAbsolute},
		{"//runner.circleci.com", notAbsolute},
		{"ftp://runner.circleci.com", notAbsolute},
		{"localhost:8080", notAbsolute},
		{"127.0.0.1:8080", invalid},
		{"ftp://jane:secret-password@ci.example.com", notAbsolute},
		{"https://jane@ci.example.com", userInfo},
		{"https://jane:secret-password@ci.example.com", userInfo},
		{"https://@ci.example.com", userInfo},
		{"http://jane:secret-password@localhost", userInfo},
		{"https://jane:secret-password%zz@ci.example.com", invalid},
		{"https://jane:secret-password@ci.example.com:port", invalid},
		{"https://jane:secret-password@ci.example.com ", characters},
		{"https://", noHost},
		{"https:///api/v2", noHost},
		{"https://:8443", noHost},
		{"https:runner.circleci.com", noHost},
		{"https://ci.example.com?", query},
		{"https://ci.example.com/?token=secret-password", query},
		{"https://ci.example.com#", fragment},
		{"https://ci.example.com/#secret-password", fragment},
		{" https://ci.example.com", characters},
		{"https://ci.example.com\n", characters},
		{"https://ci.example.com/a\u00a0b", characters},
		{"https://ci.example.com/\x00", characters},
		{"https://ci.example.com/\x7f", characters},
		{"https://ci.example.com:0", port},
		{"https://ci.example.com:65536", port},
		{"https://ci.example.com:99999", port},
		{"https://ci.example.com:-1", invalid},
		{"https://[::1", invalid},
		{"https://\u2488.example.com", name},
		{"http://runner.circleci.com", plain},
		{"http://localhost.example.com", plain},
		{"http://127.0.0.1.example.com", plain},
		{"http://10.0.0.1", plain},
		{"http://0.0.0.0", plain},
		{"http://[2001:db8::1]", plain},
		{"https://ci.example.com/api/v3", "ends in /api/v3, but api_version is v2"},
		{"https://ci.example.com/circle/api/v3/", "ends in /api/v3, but api_version is v2"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			got, err := circleci.ParseAPIURL(test.text, circleci.V2)
			if err == nil {
				t.Fatalf("got %s, want an error", got)
			}
			equal(t, "error", err.Error(), test.want)
			if strings.Contains(err.Error(), "secret-password") {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}

func TestParseAPIURLRejectsV2ForV3(t *testing.T) {
	t.Parallel()
	_, err := circleci.ParseAPIURL("https://ci.example.com/api/v2", circleci.V3)
	if err == nil {
		t.Fatal("got no error")
	}
	equal(t, "error", err.Error(), "ends in /api/v2, but api_version is v3")
}
