using DataFlow.Cli;

return await DataFlowCommand.InvokeAsync(args, CliContext.ForProcess()).ConfigureAwait(false);
