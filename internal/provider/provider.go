// Package provider is the Terraform side: the provider's configuration, and its data sources, resources, list
// resources, actions and functions.
package provider

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

// minRequestTimeout is the least that a distant server needs.
const minRequestTimeout = 100 * time.Millisecond

// Option changes the configuration of the client, such as how it connects, for tests.
type Option = func(*circleci.Config)

// New returns a function that makes the provider, as the plugin framework's servers require. The version is sent to
// CircleCI in the User-Agent.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider { return &circleciProvider{version: version, opts: opts} }
}

// NewServer returns a function that makes the provider as a server of protocol 6: the framework's, in four independent
// wrappers. The arguments are those of [New].
func NewServer(version string, opts ...Option) func() tfprotov6.ProviderServer {
	warner := &deprecationWarner{}
	framework := providerserver.NewProtocol6(New(version, append(slices.Clone(opts), warner.configure)...)())
	return func() tfprotov6.ProviderServer {
		warner.frameworkServer = framework().(frameworkServer) //nolint:forcetypeassert // The framework implements it all.
		return &runnerListEncoder{&nullArgumentEncoder{&actionServer{frameworkServer: warner}}}
	}
}

type circleciProvider struct {
	version string
	opts    []Option
}

func (p *circleciProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "circleci"
	resp.Version = p.version
}

func (p *circleciProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages the resource classes and tokens of CircleCI's self-hosted runners, and reads their " +
			"runners and tasks.",
		Attributes: map[string]schema.Attribute{
			"token": optionalSecret("Personal API token, which works everywhere. Default, if the configuration has no " +
				"credential: the environment variable `CIRCLE_TOKEN`, then `CIRCLE_CLI_TOKEN`, then `CIRCLECI_CLI_TOKEN`."),
			"token_scheme": optionalString("How `token` is sent: `header` (default) in the header `Circle-Token`, `basic` as "+
				"the user name of HTTP Basic authentication, with an empty password, or `bearer` as `Authorization: Bearer`, like "+
				"CircleCI's own CLI.", validTokenScheme),
			"launch_token": optionalSecret("Launch token of a runner, now called resource class token, sent as " +
				"`Authorization: Bearer`. CircleCI may accept it for claiming tasks only. Default, if the configuration has " +
				"no credential and no variable holds a personal API token: the environment variable " +
				"`CIRCLECI_RUNNER_API_AUTH_TOKEN`, then `LAUNCH_AGENT_API_AUTH_TOKEN`."),
			"session_cookie": optionalSecret("Value of the cookie `ring-session` of a browser that is signed in. Default, if there is no other credential: the environment " +
				"variable `CIRCLECI_SESSION_COOKIE`."),
			"api_url": optionalString("Origin of the Runner API, such as `https://circleci.example.com`. It may have a " +
				"path prefix. Plain `http` is allowed for loopback only. Default: the environment variable " +
				"`CIRCLECI_RUNNER_API_URL`, then `" + circleci.DefaultAPIURL + "`, or `" + circleci.BrowserAPIURL + "` with a session cookie."),
			"api_version": optionalString("Version of the Runner API: `auto`, `v2` or `v3`. With `auto`, the first read finds "+
				"out which version the installation serves: it tries v3 first, or v2 with a launch token. Default: the environment "+
				"variable `CIRCLECI_RUNNER_API_VERSION`, then `auto`.", validAPIVersion),
			"ca_cert_pem": optionalString("CA certificates to trust in addition to the system's, in PEM form. Default: the environment " +
				"variable `CIRCLECI_CA_CERT_PEM`, then none."),
			"client_cert_pem": optionalString("Client certificate for mutual TLS, in PEM form, followed by its chain. " +
				"Requires `client_key_pem`. Default: the environment variable `CIRCLECI_CLIENT_CERT_PEM`, then none."),
			"client_key_pem": optionalSecret("Private key of `client_cert_pem`, unencrypted, in PEM form. Requires " +
				"`client_cert_pem`. Default: the environment variable `CIRCLECI_CLIENT_KEY_PEM`, then none."),
			"insecure_skip_verify": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Whether to accept any certificate of the server. Anyone in between can then read the " +
					"credential, so the provider warns. Prefer `ca_cert_pem`. Default `false`.",
			},
			"max_retries": optionalInteger(fmt.Sprintf("How often a request is retried after transient errors: status 408, "+
				"425, 500, 502, 503, 504, 520, 522 and 524, failures of the connection and of name resolution, and attempts that time "+
				"out. Status 429 does not count: the provider waits for as long as the API requests, within the five minutes "+
				"of a read. `0` disables retries, including those after a 429. A request that creates something is retried only if it "+
				"cannot have created anything. From 0 to 10; default `%d`.",
				circleci.DefaultMaxRetries), 0, 10),
			"request_timeout": optionalString(fmt.Sprintf("Maximum duration of one attempt of a request, to the last byte of the "+
				"response, from `%s` to `%s`, such as `90s` or `1m30s`. A request that creates something may take twice as long, "+
				"because it opens a connection first. Default `%s`.", minRequestTimeout,
				formatDuration(circleci.ReadTimeout), circleci.DefaultRequestTimeout),
				durationBetween(minRequestTimeout, circleci.ReadTimeout)),
			"max_concurrent_requests": optionalInteger(fmt.Sprintf("Maximum number of requests in flight, from 1 to 256. "+
				"Default `%d`.", circleci.DefaultMaxConcurrentRequests), 1, 256),
		},
	}
}

// ValidateConfig validates the configuration alone. What it leaves unset may still come from the environment, which
// only Configure reads.
func (p *circleciProvider) ValidateConfig(
	ctx context.Context, req provider.ValidateConfigRequest, resp *provider.ValidateConfigResponse,
) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	_, diags := config.resolve(func(string) string { return "" })
	resp.Diagnostics.Append(diags...)
}

func (p *circleciProvider) Configure(
	ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse,
) {
	var config providerModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	if diags := validateKnown(req.Config); diags.HasError() {
		if req.ClientCapabilities.DeferralAllowed {
			resp.Deferred = &provider.Deferred{Reason: provider.DeferredReasonProviderConfigUnknown}
			return
		}
		resp.Diagnostics.Append(diags...)
		return
	}
	settings, diags := config.resolve(os.Getenv)
	config.checkClientCertificate(os.Getenv, &diags)
	if !settings.credential.isSet() && !diags.HasError() {
		diags.AddError("No CircleCI credential", missingCredential)
	}
	if settings.TLS.InsecureSkipVerify {
		diags.AddAttributeWarning(path.Root("insecure_skip_verify"), "Certificates are not verified",
			"With insecure_skip_verify, anyone between here and the Runner API can read the credential and forge responses. Set "+
				"ca_cert_pem to the CA's certificate instead.")
	}
	if resp.Diagnostics.Append(diags...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(settings.credential.warnings()...)
	data := &providerData{client: p.newClient(settings), settings: settings}
	resp.DataSourceData, resp.ResourceData, resp.ListResourceData, resp.ActionData = data, data, data, data
}

// validateKnown rejects unknown values: requests that are sent without them would fail with errors that do not state
// the cause. Configure defers what needs them instead if the CLI allows it.
func validateKnown(config tfsdk.Config) (diags diag.Diagnostics) {
	var attributes map[string]tftypes.Value
	_ = config.Raw.As(&attributes) // It is an object: the model has been read from it.
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if !attributes[name].IsKnown() {
			diags.AddAttributeError(path.Root(name), "Unknown value in provider configuration",
				name+" must be known during plan, but its value is known only after apply. Use a value that is known earlier, "+
					"such as an input variable or an environment variable, or first apply the resources that the value depends on "+
					"with the -target option.")
		}
	}
	return diags
}

// resolve completes the configuration from the environment and validates each value. It ignores unknown values.
func (m providerModel) resolve(getenv func(string) string) (s settings, diags diag.Diagnostics) {
	s.credential, diags = m.resolveCredential(getenv)
	s.TLS = m.tlsConfig(getenv, &diags)
	s.MaxRetries = int(int64OrDefault(m.MaxRetries, circleci.DefaultMaxRetries))
	s.RequestTimeout = durationOrDefault(m.RequestTimeout, circleci.DefaultRequestTimeout)
	s.MaxConcurrentRequests = int(int64OrDefault(m.MaxConcurrentRequests, circleci.DefaultMaxConcurrentRequests))
	s.APIVersion = m.version(getenv, &diags)
	s.APIURL = m.url(getenv, s, &diags)
	return s, diags
}

func (p *circleciProvider) newClient(settings settings) *circleci.Client {
	config := settings.Config
	config.Credential = settings.credential.newCredential()
	config.UserAgent = p.userAgent()
	config.OnAttempt = logAttempt
	for _, option := range p.opts {
		option(&config)
	}
	return circleci.New(config)
}

// userAgent names the provider, and whatever TF_APPEND_USER_AGENT adds, as other providers do. It does not name the
// CLI: OpenTofu reports a version of Terraform's to providers, and nothing in the protocol distinguishes the two.
func (p *circleciProvider) userAgent() string {
	agent := []string{"terraform-provider-circleci/" + p.version, "(+" + repositoryURL + ")"}
	return strings.Join(append(agent, strings.Fields(os.Getenv("TF_APPEND_USER_AGENT"))...), " ")
}

func (p *circleciProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newRunnersDataSource, newRunnerTasksDataSource, newRunnerFleetDataSource, newRunnerFleetsDataSource,
		newOrganizationRunnersDataSource, newRunnerResourceClassDataSource, newRunnerResourceClassesDataSource,
		newRunnerTokensDataSource,
	}
}

func (p *circleciProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newRunnerResourceClassResource, newRunnerTokenResource}
}

func (p *circleciProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newRunnerResourceClassList, newRunnerTokenList}
}

func (p *circleciProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newWaitForRunnersAction, newWaitForQueueAction}
}

func (p *circleciProvider) Functions(context.Context) []func() function.Function {
	return []func() function.Function{
		newParseResourceClassFunction, newVersionAtLeastFunction, newDesiredCapacityFunction,
	}
}
