variable "good" {
  default = "sesame-open"
}

variable "header" {
  default = "Bearer sesame-open"
}

variable "cookies" {
  default = "sesame-open; Path=/"
}

variable "line" {
  default = "sesame-open\n"
}

variable "lines" {
  default = "sesame-open\nsesame-open"
}

variable "control" {
  default = "sesame-open\u0007"
}

# No CircleCI credential: Give one of: a personal API token (the attribute token or the environment variable CIRCLE_TOKEN),
# which works everywhere and can be made at https://app.circleci.com/settings/user/tokens; a launch token (launch_token or
# CIRCLECI_RUNNER_API_AUTH_TOKEN); a browser's session cookie (session_cookie or CIRCLECI_SESSION_COOKIE).
provider "circleci" {
  alias = "no_credential"
}

# No CircleCI credential: Give one of: a personal API token (the attribute token or the environment variable CIRCLE_TOKEN),
provider "circleci" {
  alias        = "none_but_a_scheme"
  token_scheme = "basic"
}

provider "circleci" {
  alias = "token_and_launch_token"
  token = var.good
  # Two credentials: Both token and launch_token are set, and only one credential can be sent.
  launch_token = var.good
}

provider "circleci" {
  alias = "token_and_session_cookie"
  token = var.good
  # Two credentials: Both token and session_cookie are set
  session_cookie = var.good
}

provider "circleci" {
  alias        = "launch_token_and_session_cookie"
  launch_token = var.good
  # Two credentials: Both launch_token and session_cookie are set
  session_cookie = var.good
}

provider "circleci" {
  alias        = "scheme_with_a_launch_token"
  launch_token = var.good
  # token_scheme without token: the credential that is used is the launch token from the provider's attribute launch_token.
  token_scheme = "basic"
}

provider "circleci" {
  alias = "token_with_a_line_break"
  # Invalid personal API token: The personal API token from the provider's attribute token starts or ends with white space, such
  # as the line break at the end of a file. Remove it, for example with trimspace().
  token = var.line
}

provider "circleci" {
  alias = "two_tokens"
  # Invalid personal API token: contains white space ... . Give the value alone, as CircleCI showed it.
  token = var.lines
}

provider "circleci" {
  alias = "token_with_a_control_character"
  # Invalid personal API token: contains a control character. Give the value alone, as CircleCI showed it.
  token = var.control
}

provider "circleci" {
  alias = "launch_token_with_a_line_break"
  # Invalid launch token: starts or ends with white space ... trimspace()
  launch_token = var.line
}

provider "circleci" {
  alias = "several_cookies"
  # Invalid session cookie: contains a semicolon, which separates cookies and their attributes. Give the value of the cookie
  # ring-session alone, without attributes such as Path.
  session_cookie = var.cookies
}

provider "circleci" {
  alias = "launch_token_with_its_scheme"
  # Invalid launch token: starts with "Bearer ". Give the token alone, without the leading "Bearer".
  launch_token = var.header
}

provider "circleci" {
  alias = "certificate_without_key"
  token = "sesame-open"
  # Incomplete mutual TLS configuration: client_cert_pem is set without client_key_pem or CIRCLECI_CLIENT_KEY_PEM. Give both,
  # or neither.
  client_cert_pem = file("certificate.pem")
}

provider "circleci" {
  alias = "key_without_certificate"
  token = "sesame-open"
  # Incomplete mutual TLS configuration: client_key_pem is set without client_cert_pem or CIRCLECI_CLIENT_CERT_PEM. Give both,
  # or neither.
  client_key_pem = file("key.pem")
}
