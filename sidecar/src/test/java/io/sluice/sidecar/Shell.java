package io.sluice.sidecar;

import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A shell in a mount namespace of its own, which does what the test tells it. */
final class Shell implements AutoCloseable {
    private final Process process;
    private final Writer commands;
    private final Path said;

    private Shell(Process process, Path said) {
        this.process = process;
        this.commands = process.outputWriter(StandardCharsets.UTF_8);
        this.said = said;
    }

    static Shell inOwnMounts(Path folder) throws IOException {
        Path said = folder.resolve("shell");
        ProcessBuilder builder =
                new ProcessBuilder("unshare", "-m", "--propagation", "private", "bash")
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile());
        return new Shell(builder.start(), said);
    }

    /** Has it done, in its time. */
    void tell(String command) throws IOException {
        commands.write(command + "\n");
        commands.flush();
    }

    String said() throws IOException {
        return Files.readString(said);
    }

    /** Words as one shell command. */
    static String quoted(Iterable<String> words) {
        StringBuilder all = new StringBuilder();
        for (String word : words) {
            all.append('\'').append(word.replace("'", "'\\''")).append("' ");
        }
        return all.toString();
    }

    @Override
    public void close() {
        try {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while a shell ended", e);
        }
    }
}
