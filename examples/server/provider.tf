provider "circleci" {
  api_url     = var.server_url    # Such as https://circleci.example.com.
  ca_cert_pem = file(var.ca_file) # Only for a private certificate authority.
}
