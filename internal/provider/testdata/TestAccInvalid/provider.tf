provider "circleci" {
  alias = "other_scheme"
  token = "sesame-open"
  # Invalid token scheme: token_scheme must be "header", "basic" or "bearer", got: "Bearer". Did you mean "bearer"?
  token_scheme = "Bearer"
}

provider "circleci" {
  alias = "empty_token"
  # Invalid personal API token: The personal API token from the provider's token attribute is empty. Give the value alone, as
  # CircleCI showed it.
  token = ""
}

provider "circleci" {
  alias = "empty_launch_token"
  # Invalid launch token: The launch token from the provider's launch_token attribute is empty. Give the value alone
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
  # Invalid API URL: The URL from the provider's api_url attribute is not an absolute http or https URL. Give the origin of the
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
  # Invalid duration: The value of request_timeout is not a duration. A duration is one or more numbers with units
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
  ca_cert_pem = join("", [local.certificate, local.key])
}

provider "circleci" {
  alias = "ca_that_is_not_der"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem cannot be read.
  ca_cert_pem = join("", [local.certificate, local.unreadable])
}

provider "circleci" {
  alias = "indented_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form: a line of it is missing, mistyped or indented.
  ca_cert_pem = join("", [local.certificate, local.indented])
}

provider "circleci" {
  alias = "truncated_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 1 of ca_cert_pem is not in PEM form: a line of it is missing, mistyped or indented.
  ca_cert_pem = join("", [replace(local.certificate, "-----END CERTIFICATE-----", ""), local.certificate])
}

provider "circleci" {
  alias = "truncated_last_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [local.certificate, "-----BEGIN CERTIFICATE-----\nc2VzYW1l\n"])
}

provider "circleci" {
  alias = "mistyped_ca"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [local.certificate, replace(local.certificate, "BEGIN", "BEGN")])
}

provider "circleci" {
  alias = "ca_with_four_dashes"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 2 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [local.certificate, replace(local.certificate, "-----BEGIN", "----BEGIN")])
}

provider "circleci" {
  alias = "cas_that_are_joined_in_a_line"
  token = "sesame-open"
  # Invalid CA certificates: Certificate 1 of ca_cert_pem is not in PEM form
  ca_cert_pem = join("", [trimspace(local.certificate), local.certificate])
}

provider "circleci" {
  alias          = "key_instead_of_a_certificate"
  token          = "sesame-open"
  client_key_pem = local.key
  # Invalid client certificate: The value of client_cert_pem contains no certificate in PEM form.
  client_cert_pem = local.key
}

provider "circleci" {
  alias          = "chain_with_an_indented_certificate"
  token          = "sesame-open"
  client_key_pem = local.key
  # Invalid client certificate: Certificate 2 of client_cert_pem is not in PEM form: a line of it is missing, mistyped or
  # indented. Give the certificate in PEM form, followed by its chain.
  client_cert_pem = join("", [local.certificate, local.indented])
}

provider "circleci" {
  alias           = "key_of_another_certificate"
  token           = "sesame-open"
  client_cert_pem = local.certificate
  # Invalid client key: is not the unencrypted private key, in PEM form, of the certificate in client_cert_pem.
  client_key_pem = local.other_key
}

provider "circleci" {
  alias           = "key_that_is_a_file_name"
  token           = "sesame-open"
  client_cert_pem = local.certificate
  # Invalid client key: is not the unencrypted private key
  client_key_pem = "key.pem"
}

provider "circleci" {
  alias = "token_and_launch_token"
  token = "sesame-open"
  # Two credentials: Both token and launch_token are set, but only one credential can be sent.
  launch_token = "sesame-open"
}

provider "circleci" {
  alias = "token_and_session_cookie"
  token = "sesame-open"
  # Two credentials: Both token and session_cookie are set
  session_cookie = "sesame-open"
}

provider "circleci" {
  alias        = "launch_token_and_session_cookie"
  launch_token = "sesame-open"
  # Two credentials: Both launch_token and session_cookie are set
  session_cookie = "sesame-open"
}

provider "circleci" {
  alias        = "scheme_with_a_launch_token"
  launch_token = "sesame-open"
  # token_scheme without token: the credential in use is the launch token from the provider's launch_token attribute.
  token_scheme = "basic"
}

provider "circleci" {
  alias = "token_with_a_line_break"
  # Invalid personal API token: The personal API token from the provider's token attribute starts or ends with white space, such
  # as the line break at the end of a file. Remove it, for example with trimspace().
  token = "sesame-open\n"
}

provider "circleci" {
  alias = "two_tokens"
  # Invalid personal API token: contains white space ... . Give the value alone, as CircleCI showed it.
  token = "sesame-open\nsesame-open"
}

provider "circleci" {
  alias = "token_with_a_control_character"
  # Invalid personal API token: contains a control character. Give the value alone, as CircleCI showed it.
  token = "sesame-open\u0007"
}

provider "circleci" {
  alias = "launch_token_with_a_line_break"
  # Invalid launch token: starts or ends with white space ... trimspace()
  launch_token = "sesame-open\n"
}

provider "circleci" {
  alias = "several_cookies"
  # Invalid session cookie: contains a semicolon, which separates cookies and their attributes. Give the value of the cookie
  # ring-session alone, without attributes such as Path.
  session_cookie = "sesame-open; Path=/"
}

provider "circleci" {
  alias = "launch_token_with_its_scheme"
  # Invalid launch token: starts with "Bearer ". Give the token alone, without the leading "Bearer".
  launch_token = "Bearer sesame-open"
}

provider "circleci" {
  alias = "token_with_its_scheme"
  # Invalid personal API token: starts with "Basic ". Give the token alone, without the leading "Basic".
  token = "basic sesame-open"
}

provider "circleci" {
  alias = "cookie_with_its_name"
  # Invalid session cookie: starts with ring-session=. Give the value of the cookie ring-session alone.
  session_cookie = "ring-session=sesame-open"
}

provider "circleci" {
  alias = "cookie_with_white_space"
  # Invalid session cookie: contains white space
  session_cookie = "sesame open"
}

provider "circleci" {
  alias           = "valid_with_an_unknown_scheme"
  launch_token    = "sesame-open"
  token_scheme    = var.scheme
  request_timeout = "100ms"
}

variable "scheme" {
  type    = string
  default = null
}

locals {
  indented   = indent(2, "\n${local.certificate}")
  unreadable = "-----BEGIN CERTIFICATE-----\nc2VzYW1l\n-----END CERTIFICATE-----\n"
}

terraform {
  required_providers {
    circleci = {
      source = "circleci-community/circleci"
    }
  }
}
