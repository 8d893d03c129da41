provider "circleci" {
  alias = "other_scheme"
  token = "sesame-open"
  # Invalid token scheme: token_scheme must be "header", "basic" or "bearer", got: "Bearer". Did you mean "bearer"?
  token_scheme = "Bearer"
}

provider "circleci" {
  alias = "empty_token"
  # Invalid personal API token: The personal API token from the provider's attribute token is empty. Give the value alone, as
  # CircleCI showed it.
  token = ""
}

provider "circleci" {
  alias = "empty_launch_token"
  # Invalid launch token: The launch token from the provider's attribute launch_token is empty. Give the value alone
  launch_token = ""
}

provider "circleci" {
  alias = "empty_session_cookie"
  # Invalid session cookie: is empty
  session_cookie = ""
}

provider "circleci" {
  alias = "other_version"
  token = "sesame-open"
  # Invalid API version: api_version must be "auto", "v2" or "v3", got: "v4".
  api_version = "v4"
}

provider "circleci" {
  alias = "version_without_a_v"
  token = "sesame-open"
  # Invalid API version: api_version must be "auto", "v2" or "v3", got: "3". Did you mean "v3"?
  api_version = "3"
}

provider "circleci" {
  alias = "empty_version"
  token = "sesame-open"
  # Invalid API version: api_version must be "auto", "v2" or "v3", got: "".
  api_version = ""
}

provider "circleci" {
  alias = "empty_url"
  token = "sesame-open"
  # Invalid API URL: The URL from the provider's attribute api_url is not an absolute http or https URL. Give the origin of the
  # Runner API, such as https://runner.circleci.com or https://circleci.example.com.
  api_url = ""
}

provider "circleci" {
  alias = "url_with_user_info"
  token = "sesame-open"
  # Invalid API URL: contains user info (the part before the @). Give the origin of the Runner API, such as
  # https://runner.circleci.com or https://circleci.example.com.
  api_url = "https://me@runner.example.com"
}

provider "circleci" {
  alias       = "url_with_another_version"
  token       = "sesame-open"
  api_version = "v2"
  # Invalid API URL: ends in /api/v3, but api_version is v2. Give the origin of the Runner API, such as
  # https://runner.circleci.com or https://circleci.example.com.
  api_url = "https://runner.example.com/api/v3"
}

provider "circleci" {
  alias = "url_of_an_endpoint"
  token = "sesame-open"
  # Invalid API URL: continues after /api/v2, but only the origin https://runner.example.com belongs there. Give the origin of the
  # Runner API, such as https://runner.circleci.com or https://circleci.example.com.
  api_url = "https://runner.example.com/api/v2/runner"
}

provider "circleci" {
  alias                = "plain_http_that_is_not_verified_either"
  token                = "sesame-open"
  insecure_skip_verify = true
  # Invalid API URL: uses http, which would send the credential unencrypted
  api_url = "http://runner.example.com"
}

provider "circleci" {
  alias = "too_many_retries"
  token = "sesame-open"
  # Invalid number: The value of max_retries must be an integer from 0 to 10, got: 11.
  max_retries = 11
}

provider "circleci" {
  alias = "negative_retries"
  token = "sesame-open"
  # Invalid number: The value of max_retries must be an integer from 0 to 10, got: -1.
  max_retries = -1
}

provider "circleci" {
  alias = "fraction_of_a_retry"
  token = "sesame-open"
  # Invalid number: The value of max_retries must be an integer from 0 to 10, got: 1.5.
  max_retries = 1.5
}

provider "circleci" {
  alias = "no_requests"
  token = "sesame-open"
  # Invalid number: The value of max_concurrent_requests must be an integer from 1 to 256, got: 0.
  max_concurrent_requests = 0
}

provider "circleci" {
  alias = "too_many_requests"
  token = "sesame-open"
  # Invalid number: The value of max_concurrent_requests must be an integer from 1 to 256, got: 257.
  max_concurrent_requests = 257
}

provider "circleci" {
  alias = "request_timeout_beyond_that_of_a_read"
  token = "sesame-open"
  # Invalid duration: request_timeout must be at most 5m.
  request_timeout = "10h"
}

provider "circleci" {
  alias = "timeout_without_a_unit"
  token = "sesame-open"
  # Invalid duration: The value of request_timeout is not a duration. A duration is a number with its unit
  request_timeout = "30"
}

provider "circleci" {
  alias = "timeout_of_zero"
  token = "sesame-open"
  # Invalid duration: The value of request_timeout must be greater than zero.
  request_timeout = "0s"
}

provider "circleci" {
  alias = "timeout_below_the_minimum"
  token = "sesame-open"
  # Invalid duration: The value of request_timeout must be at least 100ms.
  request_timeout = "99ms"
}

provider "circleci" {
  alias = "typo"
  # Unsupported argument: An argument named "tokn" is not expected here. Did you mean "token"?
  tokn = "a"
}

provider "circleci" {
  alias = "ca_that_is_a_file_name"
  token = "sesame-open"
  # Invalid CA certificates: The value of ca_cert_pem contains no certificate in PEM form. Give one or more certificates in PEM
  # form, as file("ca.pem") reads them.
  ca_cert_pem = "ca.pem"
}

provider "circleci" {
  alias = "empty_ca"
  token = "sesame-open"
  # Invalid CA certificates: contains no certificate in PEM form.
  ca_cert_pem = ""
}

provider "circleci" {
  alias = "key_among_cas"
  token = "sesame-open"
  # Invalid CA certificates: Block 2 of ca_cert_pem is not a certificate.
  ca_cert_pem = join("", [file("certificate.pem"), file("key.pem")])
}

provider "circleci" {
  alias = "ca_that_is_not_der"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem cannot be read.
  ca_cert_pem = join("", [file("certificate.pem"), file("unreadable.pem")])
}

provider "circleci" {
  alias = "indented_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form: a line of it is missing, mistyped or indented.
  ca_cert_pem = join("", [file("certificate.pem"), indent(2, "\n${file("certificate.pem")}")])
}

provider "circleci" {
  alias = "truncated_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 1 of ca_cert_pem is not in PEM form: a line of it is missing, mistyped or indented.
  ca_cert_pem = join("", [replace(file("certificate.pem"), "-----END CERTIFICATE-----", ""), file("certificate.pem")])
}

provider "circleci" {
  alias = "truncated_last_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [file("certificate.pem"), "-----BEGIN CERTIFICATE-----\nc2VzYW1l\n"])
}

provider "circleci" {
  alias = "mistyped_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [file("certificate.pem"), replace(file("certificate.pem"), "BEGIN", "BEGN")])
}

provider "circleci" {
  alias = "ca_with_four_dashes"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [file("certificate.pem"), replace(file("certificate.pem"), "-----BEGIN", "----BEGIN")])
}

provider "circleci" {
  alias = "cas_that_are_joined_in_a_line"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 1 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [trimspace(file("certificate.pem")), file("certificate.pem")])
}

provider "circleci" {
  alias          = "key_instead_of_a_certificate"
  token          = "sesame-open"
  client_key_pem = file("key.pem")
  # Invalid client certificate: The value of client_cert_pem contains no certificate in PEM form.
  client_cert_pem = file("key.pem")
}

provider "circleci" {
  alias          = "chain_with_an_indented_certificate"
  token          = "sesame-open"
  client_key_pem = file("key.pem")
  # Invalid client certificate: Certificate 2 of client_cert_pem is not in PEM form: a line of it is missing, mistyped or
  # indented. Give the certificate in PEM form, and its chain behind it.
  client_cert_pem = join("", [file("certificate.pem"), indent(2, "\n${file("certificate.pem")}")])
}

provider "circleci" {
  alias           = "key_of_another_certificate"
  token           = "sesame-open"
  client_cert_pem = file("certificate.pem")
  # Invalid client key: is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem.
  client_key_pem = file("other-key.pem")
}

provider "circleci" {
  alias           = "key_that_is_a_file_name"
  token           = "sesame-open"
  client_cert_pem = file("certificate.pem")
  # Invalid client key: is not the unencrypted private key
  client_key_pem = "key.pem"
}
