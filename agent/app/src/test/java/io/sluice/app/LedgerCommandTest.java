package io.sluice.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.sluice.app.health.PageServer;
import io.sluice.app.ledger.Books;
import io.sluice.app.ledger.LedgerPages;
import io.sluice.app.ledger.SourceBooks;
import io.sluice.buffer.Amount;
import io.sluice.buffer.LedgerEntry;
import io.sluice.buffer.LedgerEntry.State;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Asks a real server that has an agent's pages. */
class LedgerCommandTest {
    @TempDir Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter errors = new StringWriter();

    @Test
    void theTableIsPrintedAndNothingInItSteersTheTerminal() throws Exception {
        try (PageServer server = start("/var/log/\u001b[31mred.log")) {
            assertThat(run("--admin", "127.0.0.1:" + server.port())).isZero();
        }
        assertThat(out.toString())
                .contains("written", "in flight", "/var/log/\uFFFD[31mred.log")
                .doesNotContain("\u001b");
        assertThat(errors.toString()).isEmpty();
    }

    @Test
    void theJsonIsPrintedAndTheAddressIsThatOfTheConfiguration() throws Exception {
        try (PageServer server = start("shop_cart-1_uid/app")) {
            Path config = folder.resolve("agent.yaml");
            Files.writeString(
                    config,
                    "kubernetes: {api: off, node: n}\n"
                            + "elasticsearch: {hosts: [\"http://127.0.0.1:9\"]}\n"
                            + "admin: {listen: \"0.0.0.0:"
                            + server.port()
                            + "\"}\n");
            assertThat(run("--json", "--config", config.toString())).isZero();
        }
        assertThat(out.toString())
                .startsWith("{\"total\":{\"writtenBytes\":300,")
                .contains("\"source\":\"shop_cart-1_uid/app\"")
                .endsWith("}\n");
    }

    @Test
    void withoutAnAgentItSaysWhereItAskedAndWhatToDo() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        assertThat(run("--admin", "127.0.0.1:" + port)).isEqualTo(Sluice.FAILED);
        assertThat(errors.toString())
                .contains("no agent tells its ledger at 127.0.0.1:" + port, "kubectl exec");
    }

    @Test
    void anAddressThatIsNoneIsNamed() {
        for (String wrong : List.of("2022", "a b:1", "host:", "[::1")) {
            assertThat(run("--admin", wrong)).isEqualTo(Sluice.TOLD_WRONG);
        }
        assertThat(errors.toString()).contains("--admin is a b:1; set host:port");
    }

    private static PageServer start(String source) throws Exception {
        LedgerEntry entry =
                LedgerEntry.none(source, State.LIVE)
                        .plus(
                                new LedgerEntry(
                                        "",
                                        State.LIVE,
                                        new Amount(300, 3),
                                        Amount.NONE,
                                        0,
                                        new Amount(300, 3),
                                        0,
                                        0,
                                        Amount.NONE,
                                        Map.of(),
                                        List.of(),
                                        0,
                                        0));
        SourceBooks books = new SourceBooks(entry, 0, false, Double.POSITIVE_INFINITY);
        return PageServer.start(
                "admin",
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                LedgerPages.of(() -> new Books(List.of(books), books)));
    }

    private int run(String... arguments) {
        CommandLine line = Sluice.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(errors));
        String[] all = new String[arguments.length + 1];
        all[0] = "ledger";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return line.execute(all);
    }
}
