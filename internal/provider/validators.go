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

// stringFuncValidator validates a known string with a function, whose error completes a sentence that starts with its subject.
type stringFuncValidator struct {
	check   func(string) error
	summary string
	// want describes a valid value, in a sentence.
	want string
}

func (v stringFuncValidator) Description(context.Context) string         { return v.want }
func (v stringFuncValidator) MarkdownDescription(context.Context) string { return v.want }

func (v stringFuncValidator) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if !isKnown(req.ConfigValue) {
		return
	}
	if err := v.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(diagnosticPath(req.Path), v.summary, subject(req.Path)+" "+err.Error()+". "+v.want)
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

// diagnosticPath returns a path by which the CLI finds the line of an attribute of a nested attribute. It searches for wait_for.timeout
// in a block of the name wait_for only, but for wait_for["timeout"] in the value of an attribute.
func diagnosticPath(at path.Path) path.Path {
	steps := at.Steps()
	if len(steps) != 2 {
		return at
	}
	if member, ok := steps[1].(path.PathStepAttributeName); ok {
		return at.ParentPath().AtMapKey(string(member))
	}
	return at
}

func resourceClassValidator() validator.String {
	return stringFuncValidator{
		check: func(value string) error {
			_, _, err := circleci.ParseResourceClass(value)
			return err
		},
		summary: "Invalid resource class",
		want:    `A resource class is namespace/name, such as "acme/linux".`,
	}
}

func namespaceValidator() validator.String {
	return stringFuncValidator{
		check:   circleci.CheckNamespace,
		summary: "Invalid namespace",
		want:    `A namespace is the part of a resource class before the slash, such as "acme".`,
	}
}

// The names that the API creates. What exists is read whatever it is called.
var (
	newNamespace         = regexp.MustCompile(`^[a-z0-9_-]+$`)
	newResourceClassName = regexp.MustCompile(`^[A-Za-z0-9:_+-]+$`)
)

// checkNewResourceClass validates the characters of a resource class that is to be created. It is namespace/name: what is not has
// been rejected already.
func checkNewResourceClass(class string) error {
	namespace, name, _ := strings.Cut(class, "/")
	switch {
	case !newNamespace.MatchString(namespace):
		return errors.New("a namespace consists of lower-case letters, digits, _ and -")
	case !newResourceClassName.MatchString(name):
		return errors.New("what follows the slash consists of letters, digits, :, _, - and +")
	}
	return nil
}

// integerBetween accepts integers from lowest to highest. The framework reports a fraction for an Int64Attribute as a bug
// in the provider.
type integerBetween struct{ lowest, highest int64 }

func (v integerBetween) Description(context.Context) string {
	if v.highest == math.MaxInt64 {
		return fmt.Sprintf("must be an integer of at least %d", v.lowest)
	}
	return fmt.Sprintf("must be an integer from %d to %d", v.lowest, v.highest)
}

func (v integerBetween) MarkdownDescription(ctx context.Context) string { return v.Description(ctx) }

func (v integerBetween) ValidateNumber(ctx context.Context, req validator.NumberRequest, resp *validator.NumberResponse) {
	if !isKnown(req.ConfigValue) {
		return
	}
	number := req.ConfigValue.ValueBigFloat()
	if n, accuracy := number.Int64(); accuracy != big.Exact || n < v.lowest || n > v.highest {
		resp.Diagnostics.AddAttributeError(diagnosticPath(req.Path), "Invalid number",
			fmt.Sprintf("The value of %s %s, got: %s.", req.Path, v.Description(ctx), number.Text('g', 20)))
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

// distinctResourceClasses accepts sets of resource classes without null and without two names of the same class. It
// ignores unknown elements.
type distinctResourceClasses struct{}

func (distinctResourceClasses) Description(context.Context) string {
	return "Specify each resource class once. Names are case-insensitive."
}

func (v distinctResourceClasses) MarkdownDescription(ctx context.Context) string {
	return v.Description(ctx)
}

func (v distinctResourceClasses) ValidateSet(ctx context.Context, req validator.SetRequest, resp *validator.SetResponse) {
	first := map[string]string{}
	for _, element := range req.ConfigValue.Elements() {
		class, isString := element.(types.String)
		if !isString || class.IsUnknown() {
			continue
		}
		at, name := req.Path.AtSetValue(class), class.ValueString()
		if class.IsNull() {
			resp.Diagnostics.AddAttributeError(at, "Invalid resource class", "An element of "+req.Path.String()+" is null. "+
				"Remove it, for example with compact().")
			continue
		}
		key := circleci.ResourceClassKey(name)
		if other, found := first[key]; found {
			resp.Diagnostics.AddAttributeError(at, "Duplicate resource class",
				fmt.Sprintf("The elements %q and %q of %s name the same resource class. %s", other, name, req.Path, v.Description(ctx)))
			continue
		}
		first[key] = name
	}
}

// checkInNamespace rejects a class outside a namespace. It ignores unknown and invalid values, which have validators of
// their own.
func checkInNamespace(at path.Path, class, namespace types.String) (diags diag.Diagnostics) {
	_, _, err := circleci.ParseResourceClass(class.ValueString())
	if err != nil || circleci.CheckNamespace(namespace.ValueString()) != nil {
		return nil
	}
	if !circleci.InNamespace(class.ValueString(), namespace.ValueString()) {
		diags.AddAttributeError(at, "Resource class outside the namespace",
			fmt.Sprintf("The resource class %q is not in the namespace %q. Specify a class that starts with %q, or another namespace.",
				class.ValueString(), namespace.ValueString(), namespace.ValueString()+"/"))
	}
	return diags
}
