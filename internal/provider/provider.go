// Package provider is the Terraform side: the provider's configuration, and its data sources, resources, list resources, actions
// and functions.
package provider

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// Address is the provider's address in a registry.
const Address = "registry.terraform.io/circleci-community/circleci"

// minRequestTimeout is the least that a distant server needs.
const minRequestTimeout = 100 * time.Millisecond

// New returns a function that makes the provider, as the plugin framework's servers require. The version is sent to
// CircleCI in the User-Agent.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider { return &circleciProvider{version: version, opts: opts} }
}

type circleciProvider struct {
	version string
	opts    []Option
	// validated are the settings of the configuration alone. It is nil until ValidateConfig.
	validated atomic.Pointer[settings]
}

var (
	_ provider.ProviderWithValidateConfig = (*circleciProvider)(nil)
	_ provider.ProviderWithActions        = (*circleciProvider)(nil)
	_ provider.ProviderWithListResources  = (*circleciProvider)(nil)
	_ provider.ProviderWithFunctions      = (*circleciProvider)(nil)
)

func (p *circleciProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "circleci"
	resp.Version = p.version
}

func (p *circleciProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the resource classes and tokens of CircleCI's self-hosted runners, and reads their runners and tasks.",
		Attributes: map[string]schema.Attribute{
			"token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Personal API token: works everywhere. When the configuration has no credential, the " +
					"environment variable `CIRCLE_TOKEN` is used, then `CIRCLE_CLI_TOKEN`, then `CIRCLECI_CLI_TOKEN`.",
			},
			"token_scheme": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(schemeHeader, schemeBasic, schemeBearer)},
				MarkdownDescription: "How `token` is sent: `header` (default) in a header `Circle-Token`, `basic` in a header " +
					"`Authorization`, as the user name with an empty password, or `bearer` as `Authorization: Bearer`, as " +
					"CircleCI's own CLI does.",
			},
			"launch_token": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Launch token of a runner, which CircleCI calls resource class token now, sent as " +
					"`Authorization: Bearer`. CircleCI may accept it for claiming tasks only. When the configuration has no " +
					"credential and no variable holds a personal API token, the environment variable " +
					"`CIRCLECI_RUNNER_API_AUTH_TOKEN` is used, then `LAUNCH_AGENT_API_AUTH_TOKEN`.",
			},
			"session_cookie": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Value of the cookie `ring-session` of a browser that is signed in. The default of `api_url` " +
					"is then `" + circleci.BrowserAPIURL + "`. When there is no other credential, the environment variable " +
					"`CIRCLECI_SESSION_COOKIE` is used.",
			},
			"api_url": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Origin of the Runner API, such as `https://circleci.example.com`. A path prefix is " +
					"allowed; plain `http` is allowed for loopback only. When unset, the environment variable " +
					"`CIRCLECI_RUNNER_API_URL` is used, then `" + circleci.DefaultAPIURL + "`.",
			},
			"api_version": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{stringvalidator.OneOf(string(circleci.V2), string(circleci.V3))},
				MarkdownDescription: "Version of the Runner API, `v2` or `v3`. When unset, the environment variable " +
					"`CIRCLECI_RUNNER_API_VERSION` is used, then `v2`.",
			},
			"ca_cert_pem": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "CA certificates to trust in addition to the system's, in PEM form. When unset, the " +
					"environment variable `CIRCLECI_CA_CERT_PEM` is used; without it, only the system's are trusted.",
			},
			"client_cert_pem": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Client certificate for mutual TLS, in PEM form, followed by its chain. Requires " +
					"`client_key_pem`. When unset, the environment variable `CIRCLECI_CLIENT_CERT_PEM` is used; without it, the " +
					"provider sends no certificate.",
			},
			"client_key_pem": schema.StringAttribute{
				Optional:  true,
				Sensitive: true,
				MarkdownDescription: "Private key of `client_cert_pem`, unencrypted, in PEM form. Requires `client_cert_pem`. When " +
					"unset, the environment variable `CIRCLECI_CLIENT_KEY_PEM` is used.",
			},
			"insecure_skip_verify": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Do not verify the server's certificate, so that anyone in between can read the credential. " +
					"Comes with a warning; prefer `ca_cert_pem`. Default `false`.",
			},
			"max_retries": schema.NumberAttribute{
				Optional:   true,
				Validators: []validator.Number{integerBetween{0, 10}},
				MarkdownDescription: fmt.Sprintf("How often a request is retried after transient errors: status 408, 425, 500, 502, 503, 504, 520, "+
					"522 and 524, failures of the connection and of name resolution, and attempts that time out. Status 429 does not count: "+
					"the provider waits for as long as the API requests, within the five minutes of a read. `0` disables retries, including those after a 429. "+
					"From 0 to 10; default `%d`.", circleci.DefaultMaxRetries),
			},
			"request_timeout": schema.StringAttribute{
				Optional:   true,
				Validators: []validator.String{durationBetween(minRequestTimeout, circleci.ReadTimeout)},
				MarkdownDescription: fmt.Sprintf("How long one attempt of a request may take, to the last byte of the response, as a duration "+
					"from `%s` to `%s`, such as `90s` or `1m30s`. One that creates something, which opens a connection first, may take twice as "+
					"long. Default `%s`.", minRequestTimeout, formatDuration(circleci.ReadTimeout),
					circleci.DefaultRequestTimeout),
			},
			"max_concurrent_requests": schema.NumberAttribute{
				Optional:   true,
				Validators: []validator.Number{integerBetween{1, 256}},
				MarkdownDescription: fmt.Sprintf("How many requests are in flight concurrently, from 1 to 256. Default `%d`.",
					circleci.DefaultMaxConcurrentRequests),
			},
		},
	}
}

// ValidateConfig validates the configuration alone; Configure validates the environment.
func (p *circleciProvider) ValidateConfig(ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	settings, diags := config.resolve(nil)
	p.validated.Store(&settings)
	resp.Diagnostics.Append(diags...)
}

func (p *circleciProvider) Configure(ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	if unknown := config.validateKnown(); unknown.HasError() {
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
			return
		}
		resp.Diagnostics.Append(unknown...)
		return
	}
	settings, diags := config.resolve(os.Getenv)
	if !settings.credential.isSet() && !diags.HasError() {
		diags.AddError("No CircleCI credential", missingCredential)
	}
	if settings.tls.InsecureSkipVerify {
		diags.AddAttributeWarning(path.Root("insecure_skip_verify"), "Certificates are not verified",
			"With insecure_skip_verify anyone between here and the Runner API can read the credential and forge responses. "+
				"Set ca_cert_pem to the CA's certificate instead.")
	}
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(settings.credential.warnings()...)
	client := settings.clientConfig()
	client.UserAgent = p.userAgent(os.Getenv)
	client.OnAttempt, client.OnThrottle = logAttempt, logThrottle
	for _, option := range p.opts {
		option(&client)
	}
	data := newProviderData(settings, circleci.New(client))
	resp.DataSourceData, resp.ResourceData, resp.ListResourceData, resp.ActionData = data, data, data, data
}

// unconfigured is what is known before Configure: what the configuration alone says, and no client. The CLI runs a process for
// each configuration of the provider, so it is that of the data source or action.
func (p *circleciProvider) unconfigured() (data providerData) {
	if settings := p.validated.Load(); settings != nil {
		data.settings = *settings
	}
	return data
}

// userAgent names the provider, and whatever TF_APPEND_USER_AGENT adds, as other providers do. It does not name the CLI:
// OpenTofu reports a version of Terraform's to providers, and nothing in the protocol distinguishes the two.
func (p *circleciProvider) userAgent(getenv func(string) string) string {
	agent := []string{"terraform-provider-circleci/" + p.version, "(+https://github.com/circleci-community/terraform-provider-circleci)"}
	return strings.Join(append(agent, strings.Fields(getenv("TF_APPEND_USER_AGENT"))...), " ")
}

func (p *circleciProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newRunnersDataSource, p.newRunnerTasksDataSource, newRunnerFleetDataSource, p.newOrganizationRunnersDataSource,
		newRunnerResourceClassesDataSource, newRunnerTokensDataSource,
	}
}

func (p *circleciProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newRunnerResourceClassResource, newRunnerTokenResource}
}

func (p *circleciProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newRunnerResourceClassList, newRunnerTokenList}
}

func (p *circleciProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newWaitForRunnersAction, p.newWaitForQueueAction}
}

func (p *circleciProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{newParseResourceClassFunction, newVersionAtLeastFunction, newDesiredCapacityFunction}
}
