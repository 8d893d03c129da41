package circleci

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// DefaultAPIURL is where CircleCI Cloud serves the Runner API.
//
// Source: https://circleci.com/docs/api/v2/, "Runner".
const DefaultAPIURL = "https://runner.circleci.com"

// BrowserAPIURL is where CircleCI Cloud serves the Runner API to a browser's session.
//
// Source: https://circleci.com/docs/api/v2/, "Runner".
const BrowserAPIURL = "https://circleci.com"

// FleetAPIURL returns where the fleet API of a Runner API is. For both origins of CircleCI Cloud it is BrowserAPIURL,
// the only one that CircleCI documents for it.
//
// Source: "Monitor self-hosted runner fleets".
func FleetAPIURL(apiURL *url.URL) *url.URL {
	if origin := Origin(apiURL); origin == DefaultAPIURL+":443" || origin == BrowserAPIURL+":443" {
		return &url.URL{Scheme: "https", Host: "circleci.com"}
	}
	return apiURL
}

// ParseAPIURL reads the origin of a Runner API, with an optional path prefix, and drops a trailing slash and a
// trailing /api/v2 or /api/v3 that agrees with version. A version of "" or Auto agrees with both.
//
// The error completes a sentence that starts with the URL's name. It never repeats a password.
func ParseAPIURL(text string, version APIVersion) (*url.URL, error) {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return nil, errors.New("contains white space or a control character")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("is not a valid URL")
	}
	if err := checkOrigin(u, text); err != nil {
		return nil, err
	}
	if err := normalizeHost(u); err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, errors.New("uses http, which would send the credential unencrypted and is allowed for loopback " +
			"addresses only")
	}
	if err := trimAPIPath(u, version); err != nil {
		return nil, err
	}
	return u, nil
}

// apiPath matches the installation's own prefix, the version of the API, and an endpoint. The client appends the latter
// two itself.
var apiPath = regexp.MustCompile(`^(.*?)/+api/(v[23])(/.*)?$`)

// trimAPIPath reduces a URL's path to the installation's own prefix.
func trimAPIPath(u *url.URL, version APIVersion) (err error) {
	prefix := strings.TrimRight(u.EscapedPath(), "/")
	match := apiPath.FindStringSubmatch(prefix)
	if match != nil {
		prefix = strings.TrimRight(match[1], "/")
	}
	u.RawPath = prefix
	if u.Path, err = url.PathUnescape(prefix); err != nil {
		return err
	}
	if match == nil {
		return nil
	}
	switch own := APIVersion(match[2]); {
	case match[3] != "":
		return fmt.Errorf("continues after /api/%s, but only the origin %s belongs there", own, u)
	case version != "" && version != Auto && own != version:
		return fmt.Errorf("ends in /api/%s, but api_version is %s", own, version)
	}
	return nil
}

func checkOrigin(u *url.URL, text string) error {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("is not an absolute http or https URL")
	case strings.Contains(text, "@"): // Behind the host too: a / in a password ends the host.
		return errors.New("contains user info (the part before the @)")
	case u.Hostname() == "":
		return errors.New("has no host")
	case u.RawQuery != "" || u.ForceQuery:
		return errors.New("has a query (the part from the ?)")
	case strings.Contains(text, "#"):
		return errors.New("has a fragment (the part from the #)")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("has a port that is not between 1 and 65535")
		}
	}
	return nil
}

// normalizeHost writes a URL's host in the one form in which hosts are compared and used: in lower-case ASCII.
func normalizeHost(u *url.URL) error {
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return errors.New("has a host that is not in ASCII; an internationalized name has an ASCII form that starts " +
			"with xn--")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	u.Host = host
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// Origin returns the part of a URL that decides who receives a request: scheme, host and port, such as
// "https://circleci.com:443".
func Origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}
