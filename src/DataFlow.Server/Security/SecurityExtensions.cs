using DataFlow.Engine.Lifecycle;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace DataFlow.Server;

/// <summary>Puts the ways into the API together.</summary>
internal static class SecurityExtensions
{
    private const string AnyWay = "any";

    public static IServiceCollection AddSecurity(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(provider => new KeyCache(provider.GetRequiredService<IServiceStore>().Keys, provider.GetRequiredService<TimeProvider>()));
        var ways = services.AddAuthentication(AnyWay)
            .AddPolicyScheme(AnyWay, null, any => any.ForwardDefaultSelector = context => WayOf(context.Request, options))
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.Name, null)
            .AddScheme<AuthenticationSchemeOptions, LoopbackAuthentication>(LoopbackAuthentication.Name, null);
        if (options.Security.Oidc is { } oidc)
        {
            ways.AddJwtBearer(TokenAuthentication.Name, bearer => TokenAuthentication.SetUp(bearer, oidc));
        }

        WithoutKeyRing(services);
        return services.AddAuthorization(Access.SetUp);
    }

    public static void UseSecurity(this WebApplication app)
    {
        if (!LoginRule.IsRequired(app.Services.GetRequiredService<ServerOptions>()))
        {
            app.UseMiddleware<LoopbackGuard>();
        }

        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
    }

    private static string WayOf(HttpRequest request, ServerOptions options) => Credentials.In(request) switch
    {
        { } credentials when options.Security.Oidc is not null && !Credentials.IsKey(request, credentials) => TokenAuthentication.Name,
        null when !LoginRule.IsRequired(options) => LoopbackAuthentication.Name,
        _ => KeyAuthentication.Name,
    };

    /// <summary>There are no cookies to protect: nothing should be written into the user's home for them.</summary>
    private static void WithoutKeyRing(IServiceCollection services)
    {
        var family = typeof(IDataProtectionBuilder).Namespace!;
        foreach (var keyRing in services.Where(service =>
            service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Namespace?.StartsWith(family, StringComparison.Ordinal) == true).ToList())
        {
            services.Remove(keyRing);
        }
    }
}
