package provider_test

import "testing"

// No error repeats more of an argument, which may be a secret, than a v and numbers. The client's tests have every
// invalid version.
func TestAccVersionAtLeastFunction(t *testing.T) {
	const invalid = ` parameter: it is not a version. A version is one or more ` +
		`numbers separated by dots, without a leading v, such as "3.1.2" or "1.0.12345-abcdef0".`
	testFunction(t, []invalidCalls{
		{`"version"` + isNull, []string{`version_at_least(null, "3.1.2")`}},
		{`"minimum"` + isNull, []string{`version_at_least("3.1.2", null)`}},
		{`"version"` + invalid, []string{
			`version_at_least("latest", "3.1.2")`, `version_at_least("vnext", "3.1.2")`, `version_at_least("", "3.1.2")`,
			`version_at_least("", "latest")`,
		}},
		{`"minimum"` + invalid, []string{`version_at_least("3.1.2", "latest")`, `version_at_least("3.1.2", "")`}},
		{`"version" parameter: "v3.1" is not a version: remove the "v".`, []string{
			`version_at_least("v3.1", "3.1.2")`, `version_at_least("v3.1-a", "3.1.2")`,
		}},
	}, map[string]any{
		`version_at_least("1.0.12345-abcdef0", "1.0.9000")`:                    true,
		`version_at_least("1.0.9000", "1.0.12345-abcdef0")`:                    false,
		`version_at_least("3.1.2", "3.1.2")`:                                   true,
		`version_at_least("3", "3.0.0")`:                                       true,
		`version_at_least("3.1", "3.1.0.1")`:                                   false,
		`version_at_least("5.4.3.2.1", "5.4.3.2.2")`:                           false,
		`version_at_least("3.1.2-aaa", "3.1.2+bbb")`:                           true,
		`version_at_least("1.18446744073709551616", "1.18446744073709551617")`: false,
		`version_at_least(3.1, 3)`:                                             true, // The CLI converts it.
		`version_at_least(terraform_data.unknown.output.version, "3.1.10")`:    false,
	})
}
