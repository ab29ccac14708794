package io.sluice.app;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

import java.util.Optional;
import java.util.concurrent.Callable;

/** The command line: {@code sluice version}. */
@Command(
        name = "sluice",
        description = "Ships the logs of Kubernetes clusters to Elasticsearch.",
        mixinStandardHelpOptions = true,
        versionProvider = Sluice.Version.class,
        subcommands = Sluice.VersionCommand.class)
public final class Sluice {

    private Sluice() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Sluice()).execute(arguments));
    }

    /** What the jar's manifest says; a class folder has none. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version =
                    Optional.ofNullable(Sluice.class.getPackage().getImplementationVersion())
                            .orElse("(unpackaged)");
            return new String[] {"Sluice " + version, "Java " + Runtime.version()};
        }
    }

    @Command(name = "version", description = "Prints the version and ends.")
    static final class VersionCommand implements Callable<Integer> {
        @Override
        public Integer call() {
            for (String line : new Version().getVersion()) {
                System.out.println(line);
            }
            return 0;
        }
    }
}
