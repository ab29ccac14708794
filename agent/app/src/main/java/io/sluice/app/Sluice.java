package io.sluice.app;

import io.sluice.app.log.SelfLog;
import io.sluice.buffer.Chronicle;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

import java.io.Console;
import java.io.PrintWriter;
import java.security.Security;
import java.util.Optional;
import java.util.concurrent.Callable;

/**
 * The command line: {@code sluice run|validate|ledger|dead-letter|buffer|demo|version}.
 *
 * <p>Exit codes: 0 as asked, 1 a failure while it ran, 2 it was told something wrong, 3 out of
 * memory, 4 the agent hung.
 */
@Command(
        name = "sluice",
        description = "Ships the logs of Kubernetes clusters to Elasticsearch.",
        mixinStandardHelpOptions = true,
        footerHeading = "%nExamples:%n",
        footer = {
            "  sluice validate --config agent.yaml     # what is wrong with the configuration",
            "  sluice run --config agent.yaml          # the agent",
            "  sluice ledger                           # what became of every line, by container",
            "  sluice dead-letter list                 # what Elasticsearch has refused, and why",
            "  sluice buffer inspect                   # what waits to be delivered, and since"
                    + " when",
            "",
            "sluice COMMAND --help says more about each. Commands find the agent's state directory"
                    + " in its configuration,",
            "so inside its container they need no option: kubectl exec POD -- sluice dead-letter"
                    + " list"
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:done",
            "1:it failed, or found what it was to look for",
            "2:it was told something wrong: an option, the configuration, a folder",
            "3:out of memory",
            "4:the agent hung (run only)"
        },
        versionProvider = Sluice.Version.class,
        subcommands = {
            RunCommand.class,
            ValidateCommand.class,
            LedgerCommand.class,
            DeadLetterCommand.class,
            BufferCommand.class,
            DemoCommand.class,
            TrainCommand.class,
            Sluice.VersionCommand.class
        })
public final class Sluice implements Runnable {
    private static final int HELP_COLUMNS = 110;

    static final int OK = 0;
    static final int FAILED = 1;
    static final int TOLD_WRONG = 2;

    /** Not 3: with that the virtual machine ends when it is out of memory. */
    static final int STALLED = 4;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    private Sluice() {}

    public static void main(String[] arguments) {
        // Before the first class of Chronicle's is loaded: it would report its use otherwise.
        Chronicle.quiet();
        forgetNamesSoon();
        int code = commandLine().execute(arguments);
        // Not exit: it would wait for the hook that this thread may be called from.
        System.out.flush();
        System.err.flush();
        Runtime.getRuntime().halt(code);
    }

    /**
     * Names are looked up for each new connection, so that a pod of Elasticsearch that was replaced
     * is found under its new address: what the Java run-time remembers (30 s, and 10 s that there
     * is none) must not stand in the way for long. Before the first name is looked up.
     */
    static void forgetNamesSoon() {
        Security.setProperty("networkaddress.cache.ttl", "5");
        Security.setProperty("networkaddress.cache.negative.ttl", "1");
    }

    static CommandLine commandLine() {
        CommandLine line = new CommandLine(new Sluice());
        line.setUsageHelpWidth(HELP_COLUMNS);
        tellVersion(line);
        return line;
    }

    /** Every command has {@code --version}, and a first line of help that can be read. */
    private static void tellVersion(CommandLine line) {
        line.getCommandSpec()
                .versionProvider(new Version())
                .usageMessage()
                .abbreviateSynopsis(true);
        line.getSubcommands().values().forEach(Sluice::tellVersion);
    }

    /** Without a command there is nothing to do. */
    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "say what to do: run, validate, ledger, dead-letter, buffer, demo or version");
    }

    /** What the jar's manifest says; a folder of classes has none. */
    static String version() {
        return Optional.ofNullable(Sluice.class.getPackage().getImplementationVersion())
                .orElse("(unpackaged)");
    }

    /** Messages for a person at a terminal, events for a machine otherwise. */
    static SelfLog.Format logFormat(LogFormat asked) {
        return switch (asked) {
            case JSON -> SelfLog.Format.JSON;
            case TEXT -> SelfLog.Format.TEXT;
            case AUTO -> isOnTerminal() ? SelfLog.Format.TEXT : SelfLog.Format.JSON;
        };
    }

    /** There is no console, or one that is no terminal, when the output is redirected. */
    private static boolean isOnTerminal() {
        return Optional.ofNullable(System.console()).filter(Console::isTerminal).isPresent();
    }

    /** What {@code --log-format} takes. */
    enum LogFormat {
        AUTO,
        JSON,
        TEXT
    }

    /** {@code --version}. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"Sluice " + version(), "Java " + Runtime.version()};
        }
    }

    @Command(name = "version", description = "Prints the version and ends.")
    static final class VersionCommand implements Callable<Integer> {
        @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

        @Override
        public Integer call() {
            PrintWriter out = spec.commandLine().getOut();
            for (String line : new Version().getVersion()) {
                out.println(line);
            }
            out.flush();
            return OK;
        }
    }
}
