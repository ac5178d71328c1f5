using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using DataFlow.Server.OpenApi;
using DataFlow.Server.Problems;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace DataFlow.Server.Endpoints;

/// <summary>The API as a whole: what it needs, and its groups of endpoints.</summary>
internal static class Api
{
    /// <summary>Adds what the endpoints need, apart from the cluster.</summary>
    public static IServiceCollection AddApi(this IServiceCollection services)
    {
        services.AddRouting();
        services.AddProblems();
        services.AddHttpForwarder();
        services.AddSingleton<OwnerForwarder>();
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower));
            json.SerializerOptions.WriteIndented = true;
            json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;

            // Answers go to no web page: names and positions stay readable.
            json.SerializerOptions.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        });
        return services.AddApiDescription();
    }

    /// <summary>Adds its endpoints.</summary>
    public static void MapApi(this WebApplication app)
    {
        app.MapPipelines();
        app.MapLifecycle();
        app.MapState();
        app.MapDeadLetters();
        app.MapTap();
        app.MapBatches();
        app.MapConnectors();
        app.MapNodes();
        app.MapApiDescription();
    }
}
