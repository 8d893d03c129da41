package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// machinesTests returns the tests by the directories of the examples.
func machinesTests() map[string]machinesTest {
	return map[string]machinesTest{
		"aws": {
			fakes:     []string{"hashicorp/aws"},
			actions:   []string{"wait.tf"},
			variables: map[string]string{"resource_class": "acme/linux", "subnets": `["subnet-1"]`, "image": "ami-1"},
			classes:   []string{"acme/linux"},
			created: []string{
				"aws_autoscaling_group", "aws_iam_instance_profile", "aws_iam_role", "aws_iam_role_policy", "aws_launch_template",
				"aws_secretsmanager_secret", "aws_secretsmanager_secret_version",
			},
			machines: "aws_autoscaling_group",
			stored: func(cloud *fakeCloud) map[string]any {
				return map[string]any{"acme/linux": cloud.latest("aws_secretsmanager_secret_version")["secret_string_wo"]}
			},
			size: func(cloud *fakeCloud) any {
				return fmt.Sprint(cloud.latest("aws_autoscaling_group")["desired_capacity"])
			},
			resized: map[string]string{"minimum": "3"}, sizes: [2]any{"1", "3"},
			steps: []machinesStep{{
				arguments: []string{"-replace=circleci_runner_token.runners"}, tokens: 1,
				changes: []string{
					"create aws_secretsmanager_secret_version", "delete aws_secretsmanager_secret_version",
					"update aws_autoscaling_group", "update aws_launch_template",
				},
			}},
			misspelled: "secret_string_wo",
		},
		"kubevirt": {
			fakes:    []string{"hashicorp/helm"},
			classes:  []string{"acme/vm-large", "acme/vm-small"},
			created:  []string{"helm_release"},
			machines: "helm_release",
			stored: func(cloud *fakeCloud) map[string]any {
				secrets := map[string]any{}
				list, _ := cloud.latest("helm_release")["set_wo"].([]any)
				for _, item := range list {
					value, _ := item.(map[string]any)
					name, _ := value["name"].(string)
					class := strings.TrimPrefix(strings.TrimSuffix(name, ".token"), "provisioner.resourceClasses.")
					secrets[class] = value["value"]
				}
				return secrets
			},
			size: func(cloud *fakeCloud) any { return helmValue(cloud, `"maxReplicas": (\d+)`) },
			resized: map[string]string{
				"resource_classes": `{"acme/vm-small" = { min = 1, max = 8 }, "acme/vm-large" = { min = 0, max = 4 }}`,
			},
			sizes: [2]any{"2", "4"},
			steps: []machinesStep{
				{variables: map[string]string{"tokens": `["1", "2"]`}, tokens: 2, changes: []string{"update helm_release"}},
				{variables: map[string]string{"tokens": `["2"]`}, tokens: 1},
			},
			hasTimes:   true,
			misspelled: "set_wo_revision",
		},
		"kubernetes": {
			fakes:    []string{"hashicorp/kubernetes", "hashicorp/helm"},
			classes:  []string{"acme/large", "acme/small"},
			created:  []string{"kubernetes_namespace_v1", "kubernetes_secret_v1", "helm_release"},
			machines: "helm_release",
			stored: func(cloud *fakeCloud) map[string]any {
				return byClass(cloud.latest("kubernetes_secret_v1")["data_wo"], "acme.")
			},
			size: func(cloud *fakeCloud) any {
				return helmValue(cloud, `"maxConcurrentTasks": (\d+)`)
			},
			resized: map[string]string{"max_concurrent_tasks": "30"}, sizes: [2]any{"20", "30"},
			steps: []machinesStep{
				{
					variables: map[string]string{"tokens": `["1", "2"]`}, tokens: 2,
					changes: []string{"update kubernetes_secret_v1", "update helm_release"},
				},
				{variables: map[string]string{"tokens": `["2"]`}, tokens: 1},
				{
					variables: map[string]string{"agents": "0", "wait": "false"}, tokens: 1,
					changes: []string{"update helm_release"},
				},
			},
			misspelled: "data_wo",
		},
	}
}

// byClass returns the entries of a map by resource class, from keys with another prefix than the namespace acme/.
func byClass(entries any, prefix string) map[string]any {
	decoded, _ := entries.(map[string]any)
	classes := map[string]any{}
	for _, key := range slices.Collect(maps.Keys(decoded)) {
		classes[strings.Replace(key, prefix, "acme/", 1)] = decoded[key]
	}
	return classes
}

// helmValue returns the first group of a pattern in the values of the latest release, which are YAML in the style of
// yamlencode.
func helmValue(cloud *fakeCloud, pattern string) string {
	values, _ := cloud.latest("helm_release")["values"].([]any)
	for _, value := range values {
		text, _ := value.(string)
		if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
			return found[1]
		}
	}
	return ""
}
