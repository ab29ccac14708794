package io.sluice.benchmarks;

import org.openjdk.jmh.runner.RunnerException;

import java.io.IOException;
import java.util.Arrays;

/** {@code java -jar benchmarks.jar}: which kind of benchmark, and its options. */
public final class Benchmarks {
    private static final String USAGE =
            """
            usage: java -jar benchmarks.jar KIND [OPTION]...
              agent     the whole agent, and others beside it; --help me shows its options
              hot-path  every step of the hot path by JMH, as a table; the folder for it may follow
              jmh       JMH's own command line; -l lists what there is
              endpoint  the bulk endpoint alone; see DiscardingBulk
            """;

    private Benchmarks() {}

    /**
     * @param args the kind, and what its own main takes
     */
    public static void main(String[] args)
            throws IOException, InterruptedException, RunnerException {
        String kind = args.length == 0 ? "" : args[0];
        String[] rest = Arrays.copyOfRange(args, Math.min(1, args.length), args.length);
        switch (kind) {
            case "agent" -> AgentBenchmark.main(rest);
            case "hot-path" -> HotPath.main(rest);
            case "jmh" -> org.openjdk.jmh.Main.main(rest);
            case "endpoint" -> DiscardingBulk.main(rest);
            default -> {
                System.err.print(USAGE);
                System.exit(2);
            }
        }
    }
}
