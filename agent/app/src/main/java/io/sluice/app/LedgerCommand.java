package io.sluice.app;

import io.sluice.app.config.AgentConfig;
import io.sluice.app.config.HostPort;
import io.sluice.app.ledger.LedgerPages;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code sluice ledger}: asks the running agent what became of every line. */
@Command(
        name = "ledger",
        mixinStandardHelpOptions = true,
        description =
                "Says what became of every line of every container: written = read + backlog + lost"
                        + " unread, and read = delivered + filtered + dead-lettered + dropped + in"
                        + " flight. Asks the running agent by its admin port.")
final class LedgerCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @CommandLine.Mixin private final ConfigOption config = new ConfigOption();

    @CommandLine.Option(
            names = "--json",
            description = "one JSON object, with everything the agent knows")
    private boolean json;

    @CommandLine.Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            description =
                    "where the agent answers, such as the end of a port-forward, instead of"
                            + " admin.listen in the agent's file")
    private Optional<String> admin = Optional.empty();

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter errors = spec.commandLine().getErr();
        Optional<String> address = admin.or(() -> config.load(errors).map(LedgerCommand::address));
        if (address.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        URI page;
        try {
            page =
                    URI.create(
                            "http://"
                                    + address.get()
                                    + (json ? LedgerPages.JSON : LedgerPages.TABLE));
            if (page.getHost() == null || page.getPort() <= 0) {
                throw new IllegalArgumentException("no host and port");
            }
        } catch (IllegalArgumentException _) {
            errors.println(
                    "sluice: --admin is "
                            + Plain.line(address.get())
                            + "; set host:port, such as 127.0.0.1:2022");
            errors.flush();
            return Sluice.TOLD_WRONG;
        }
        try {
            out.print(Plain.text(get(page)));
            out.flush();
            return Sluice.OK;
        } catch (IOException e) {
            errors.println(
                    "sluice: no agent tells its ledger at "
                            + address.get()
                            + " ("
                            + e.getMessage()
                            + "). Is it running? Ask inside its container (kubectl exec POD --"
                            + " sluice ledger), or give the end of a port-forward with --admin");
            errors.flush();
            return Sluice.FAILED;
        }
    }

    /** Who listens on every address is asked on this machine. */
    private static String address(AgentConfig config) {
        HostPort listen = config.admin();
        boolean every = listen.host().equals("0.0.0.0") || listen.host().equals("::");
        HostPort asked = every ? new HostPort("127.0.0.1", listen.port()) : listen;
        return asked.toString();
    }

    private static String get(URI page) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) page.toURL().openConnection(Proxy.NO_PROXY);
        connection.setConnectTimeout((int) PATIENCE.toMillis());
        connection.setReadTimeout((int) PATIENCE.toMillis());
        try {
            int status = connection.getResponseCode();
            if (status != 200) {
                throw new IOException("it answers " + status);
            }
            try (InputStream in = connection.getInputStream()) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        } finally {
            connection.disconnect();
        }
    }
}
