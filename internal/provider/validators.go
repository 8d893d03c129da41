package provider

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/circleci-community/terraform-provider-circleci/internal/circleci"
)

func isKnown(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// description describes the values that a validator accepts, in plain text and in Markdown.
type description string

func (d description) Description(context.Context) string         { return string(d) }
func (d description) MarkdownDescription(context.Context) string { return string(d) }

// stringFuncValidator validates a known string with a function, whose error completes a sentence that starts with its
// subject. The description is a sentence.
type stringFuncValidator struct {
	description
	check   func(string) error
	summary string
}

func (v stringFuncValidator) ValidateString(
	_ context.Context, req validator.StringRequest, resp *validator.StringResponse,
) {
	if !isKnown(req.ConfigValue) {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		detail := subject(req.Path) + " " + err.Error() + ". " + string(v.description)
		resp.Diagnostics.AddAttributeError(req.Path, v.summary, detail)
	}
}

// subject describes the value of an attribute or, for an element of a set, the element.
func subject(at path.Path) string {
	steps := at.Steps()
	if element, ok := steps[len(steps)-1].(path.PathStepElementKeyValue); ok {
		return element.Value.String() + " in " + at.ParentPath().String()
	}
	return "The value of " + at.String()
}

// oneOf accepts its values only.
type oneOf struct {
	description
	summary string
	values  []string
}

func newOneOf(summary string, values ...string) oneOf {
	last := len(values) - 1
	want := `must be "` + strings.Join(values[:last], `", "`) + `" or "` + values[last] + `"`
	return oneOf{description(want), summary, values}
}

func (v oneOf) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !isKnown(req.ConfigValue) {
		return
	}
	if problem := v.problem(req.Path.String(), req.ConfigValue.ValueString()); problem != "" {
		resp.Diagnostics.AddAttributeError(req.Path, v.summary, problem)
	}
}

// problem returns what is wrong with a value, "" if nothing is. It suggests a value that differs in case or a v only.
func (v oneOf) problem(name, got string) string {
	problem := fmt.Sprintf("%s %s, got: %q.", name, v.description, got)
	for _, value := range v.values {
		switch {
		case got == value:
			return ""
		case strings.EqualFold(got, value), "v"+got == value:
			problem += fmt.Sprintf(" Did you mean %q?", value)
		}
	}
	return problem
}

// integerValidator accepts integers from lowest to highest. The framework reports a fraction for an Int64Attribute as a
// bug in the provider.
type integerValidator struct {
	description
	lowest, highest int64
}

func integerBetween(lowest, highest int64) validator.Number {
	want := fmt.Sprintf("must be an integer from %d to %d", lowest, highest)
	if highest == math.MaxInt64 {
		want = fmt.Sprintf("must be an integer of at least %d", lowest)
	}
	return integerValidator{description(want), lowest, highest}
}

func (v integerValidator) ValidateNumber(
	_ context.Context, req validator.NumberRequest, resp *validator.NumberResponse,
) {
	if !isKnown(req.ConfigValue) {
		return
	}
	number := req.ConfigValue.ValueBigFloat()
	if n, accuracy := number.Int64(); accuracy != big.Exact || n < v.lowest || n > v.highest {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid number",
			fmt.Sprintf("The value of %s %s, got: %s.", req.Path, v.description, number.Text('g', 20)))
	}
}

// int64OrDefault returns the value of a validated attribute, or fallback if it is null or unknown.
func int64OrDefault(number types.Number, fallback int64) int64 {
	if !isKnown(number) {
		return fallback
	}
	n, _ := number.ValueBigFloat().Int64()
	return n
}

func resourceClassValidator() validator.String {
	return stringFuncValidator{
		check: func(value string) error {
			_, _, err := circleci.ParseResourceClass(value)
			return err
		},
		summary:     "Invalid resource class",
		description: `A resource class is namespace/name, such as "acme/linux".`,
	}
}

func namespaceValidator() validator.String {
	return stringFuncValidator{
		check:       circleci.CheckNamespace,
		summary:     "Invalid namespace",
		description: `A namespace is the part of a resource class before the slash, such as "acme".`,
	}
}

// The names that the API creates. What exists is read whatever it is called.
var (
	newNamespace         = regexp.MustCompile(`^[a-z0-9_-]+$`)
	newResourceClassName = regexp.MustCompile(`^[A-Za-z0-9:_+-]+$`)
)

// checkNewResourceClass validates the characters of a resource class that is to be created. It is namespace/name: what
// is not has been rejected already.
func checkNewResourceClass(class string) error {
	namespace, name, _ := strings.Cut(class, "/")
	switch {
	case !newNamespace.MatchString(namespace):
		return errors.New("a namespace consists of lower-case letters, digits, _ and -")
	case !newResourceClassName.MatchString(name):
		return errors.New("the part after the slash consists of letters, digits, :, _, - and +")
	}
	return nil
}

// distinctValidator accepts sets of resource classes without null and without two names of the same class. It ignores
// unknown elements.
type distinctValidator struct{ description }

var distinctResourceClasses = distinctValidator{"Specify each resource class once. Names are case-insensitive."}

func (v distinctValidator) ValidateSet(_ context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	first := map[string]string{}
	for _, element := range req.ConfigValue.Elements() {
		class, isString := element.(types.String)
		if !isString || class.IsUnknown() {
			continue
		}
		at, name := req.Path.AtSetValue(class), class.ValueString()
		key := circleci.ResourceClassKey(name)
		other, isRepeated := first[key]
		switch {
		case class.IsNull():
			resp.Diagnostics.AddAttributeError(at, "Invalid resource class", "An element of "+req.Path.String()+" is null. "+
				"Remove it, for example with compact().")
		case isRepeated:
			resp.Diagnostics.AddAttributeError(at, "Duplicate resource class", fmt.Sprintf("The elements %q and %q of %s name "+
				"the same resource class. %s", other, name, req.Path, v.description))
		default:
			first[key] = name
		}
	}
}

// checkInNamespace rejects a class outside a namespace. It ignores unknown and invalid values, which have validators of
// their own.
func checkInNamespace(at path.Path, class, namespace types.String) (diags diag.Diagnostics) {
	className, name := class.ValueString(), namespace.ValueString()
	_, _, err := circleci.ParseResourceClass(className)
	if err != nil || circleci.CheckNamespace(name) != nil || circleci.InNamespace(className, name) {
		return nil
	}
	diags.AddAttributeError(at, "Resource class outside the namespace", fmt.Sprintf("The resource class %q is not in the "+
		"namespace %q. Specify a class that starts with %q, or another namespace.", className, name, name+"/"))
	return diags
}
