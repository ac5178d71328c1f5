using System.Net;
using DataFlow.Cli;
using DataFlow.Server;
using k8s;
using k8s.Models;
using YamlDotNet.Core;

namespace DataFlow.IntegrationTests.Service;

/// <summary>
/// <c>deploy/kubernetes</c>, read with the types of the Kubernetes API, which take no property that they don't know, and held against
/// the service that it starts.
/// </summary>
public sealed class KubernetesManifestTests(TestService service) : IClassFixture<TestService>
{
    private static readonly IReadOnlyList<object> Manifests = Load(Text("dataflow.yaml"));

    private static V1StatefulSet Nodes => Manifests.OfType<V1StatefulSet>().Single();

    private static V1PodSpec Pod => Nodes.Spec.Template.Spec;

    private static V1Container Container => Pod.Containers.Single();

    [Fact]
    public void Every_document_is_an_object_of_the_kubernetes_api_with_known_properties()
    {
        Assert.Equal(
            ["V1ServiceAccount", "V1Service", "V1Service", "V1PodDisruptionBudget", "V1NetworkPolicy", "V1StatefulSet"],
            Manifests.Select(manifest => manifest.GetType().Name));
        Assert.All(Manifests.Cast<IKubernetesObject<V1ObjectMeta>>(), manifest => Assert.Equal("dataflow", manifest.Metadata.NamespaceProperty));
        Assert.Equal(2, Load(Text("secret.example.yaml")).OfType<V1Secret>().Count());
    }

    [Fact]
    public void A_property_that_kubernetes_does_not_know_would_be_noticed() =>
        Assert.Throws<YamlException>(() => Load(Text("dataflow.yaml").Replace("podManagementPolicy:", "podManagement:", StringComparison.Ordinal)));

    [Fact]
    public void Services_budget_and_policy_choose_the_pods_of_the_nodes_and_name_their_ports()
    {
        var labels = Nodes.Spec.Template.Metadata.Labels;
        var ports = Container.Ports.Select(port => port.Name).ToList();
        Assert.All(Manifests.OfType<V1Service>(), one =>
        {
            Assert.All(one.Spec.Selector, chosen => Assert.Equal(chosen.Value, labels[chosen.Key]));
            Assert.All(one.Spec.Ports, port => Assert.Contains(port.TargetPort.Value, ports));
        });
        Assert.Equal(labels, Nodes.Spec.Selector.MatchLabels);
        Assert.Equal(labels, Manifests.OfType<V1PodDisruptionBudget>().Single().Spec.Selector.MatchLabels);
        var policy = Manifests.OfType<V1NetworkPolicy>().Single().Spec;
        Assert.Equal(labels, policy.PodSelector.MatchLabels);
        Assert.Equal(ports, policy.Ingress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value));
        Assert.Equal(labels, policy.Ingress.Single(rule => rule.Ports.Single().Port.Value == "cluster").FromProperty.Single().PodSelector.MatchLabels);
    }

    [Fact]
    public void Nodes_find_each_other_by_the_names_of_the_headless_service()
    {
        var headless = Manifests.OfType<V1Service>().Single(one => one.Spec.ClusterIP == "None");
        Assert.Equal(headless.Metadata.Name, Nodes.Spec.ServiceName);
        Assert.True(headless.Spec.PublishNotReadyAddresses);
        var domain = $"{headless.Metadata.Name}.{headless.Metadata.NamespaceProperty}.svc.cluster.local";
        var port = Port("cluster");
        Assert.Equal(Enumerable.Range(0, Nodes.Spec.Replicas!.Value).Select(number => $"{Nodes.Metadata.Name}-{number}.{domain}:{port}"), Values("--seed"));
        Assert.Equal([$"{Nodes.Spec.Replicas}"], Values("--nodes"));
        Assert.Equal(["$(POD_NAME)"], Values("--node"));
        Assert.Equal([$"$(POD_NAME).{domain}"], Values("--cluster-host"));
        Assert.Equal([$"{port}"], Values("--cluster-port"));
        Assert.Equal("metadata.name", Container.Env.Single(variable => variable.Name == "POD_NAME").ValueFrom.FieldRef.FieldPath);
        Assert.Equal("1", Manifests.OfType<V1PodDisruptionBudget>().Single().Spec.MaxUnavailable.Value);
    }

    [Fact]
    public void The_command_line_and_the_variables_are_those_of_the_command()
    {
        var command = DataFlowCommand.Create(CliContext.ForProcess());
        var serve = command.Subcommands.Single(one => one.Name == "serve");

        var parsed = command.Parse([.. Container.Args]);
        Assert.Empty(parsed.Errors);

        // An option that is not known counts as a file.
        Assert.Empty(parsed.GetValue<string[]>("file")!);
        Assert.All(
            Container.Env.Select(variable => variable.Name).Where(name => name != "POD_NAME"),
            name => Assert.Contains(name, serve.Options.Select(option => "DATAFLOW_" + option.Name.TrimStart('-').Replace('-', '_').ToUpperInvariant())));
        var secrets = Load(Text("secret.example.yaml")).OfType<V1Secret>().ToDictionary(secret => secret.Metadata.Name);
        Assert.All(Container.Env.Select(variable => variable.ValueFrom.SecretKeyRef).OfType<V1SecretKeySelector>(), key => Assert.Contains(key.Key, secrets[key.Name].StringData.Keys));
        Assert.All(Container.EnvFrom, from => Assert.Contains(from.SecretRef.Name, secrets.Keys));
    }

    [Fact]
    public async Task Probes_ask_what_the_service_answers()
    {
        var probes = new[] { Container.StartupProbe, Container.LivenessProbe, Container.ReadinessProbe };

        Assert.Equal(["/health/live", "/health/live", "/health/ready"], probes.Select(probe => probe.HttpGet.Path));
        Assert.All(probes, probe => Assert.Equal(Port("api"), new Uri(Values("--listen").Single()).Port));
        Assert.All(probes, probe => Assert.Equal("api", probe.HttpGet.Port.Value));
        foreach (var path in probes.Select(probe => probe.HttpGet.Path).Append(Nodes.Spec.Template.Metadata.Annotations["prometheus.io/path"]))
        {
            (await service.GetAsync(path)).Is(HttpStatusCode.OK);
        }

        Assert.Equal($"{Port("api")}", Nodes.Spec.Template.Metadata.Annotations["prometheus.io/port"]);
    }

    [Fact]
    public void It_runs_without_rights_and_writes_where_something_is_mounted()
    {
        Assert.True(Pod.SecurityContext.RunAsNonRoot);
        Assert.NotEqual(0, Pod.SecurityContext.RunAsUser);
        Assert.Equal(Pod.SecurityContext.RunAsGroup, Pod.SecurityContext.FsGroup);
        Assert.False(Container.SecurityContext.AllowPrivilegeEscalation);
        Assert.True(Container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal(["ALL"], Container.SecurityContext.Capabilities.Drop);
        Assert.False(Pod.AutomountServiceAccountToken);
        Assert.Equal(Manifests.OfType<V1ServiceAccount>().Single().Metadata.Name, Pod.ServiceAccountName);
        var mounts = Container.VolumeMounts.ToDictionary(mount => mount.MountPath, mount => mount.Name);
        Assert.Equal(["/data", "/state", "/tmp"], mounts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["/state"], Values("--state"));
        Assert.Equal(["/data"], Values("--root"));
        Assert.All(mounts.Values, name => Assert.Contains(
            name, Pod.Volumes.Select(volume => volume.Name).Concat(Nodes.Spec.VolumeClaimTemplates.Select(claim => claim.Metadata.Name))));
    }

    [Fact]
    public void A_stop_has_longer_than_the_service_takes_at_most() =>
        Assert.True(Pod.TerminationGracePeriodSeconds > DataFlowServer.ShutdownTimeout.TotalSeconds + 10);

    private static string Text(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "deploy", "kubernetes", file));

    private static List<object> Load(string yaml) => KubernetesYaml.LoadAllFromString(yaml, typeMap: null, strict: true);

    private static int Port(string name) => Container.Ports.Single(port => port.Name == name).ContainerPort;

    private static IEnumerable<string> Values(string option) =>
        Container.Args.Where(argument => argument.StartsWith(option + "=", StringComparison.Ordinal)).Select(argument => argument[(option.Length + 1)..]);
}
