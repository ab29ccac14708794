package io.sluice.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.sluice.app.json.JsonObject;
import io.sluice.buffer.BufferDamage;
import io.sluice.buffer.SavedBody;
import io.sluice.buffer.SavedBuffer;
import io.sluice.buffer.SavedDocument;
import io.sluice.buffer.SavedExcerpt;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code sluice buffer export}: nothing is locked in a format of ours. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = {
            "Writes the documents that wait, as a body for Elasticsearch's _bulk: an action line"
                    + " with index and _id, then the document.",
            "The buffer is not changed. What is damaged is left out and told."
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all of them were written",
            "1:some are damaged and left out, or the output refused"
        })
final class BufferExportCommand implements Callable<Integer> {
    @CommandLine.Mixin private final StateOption state = new StateOption();

    @CommandLine.Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "where to; a new file (default: standard output)")
    private Optional<Path> file = Optional.empty();

    @CommandLine.Option(
            names = "--all",
            description = "what was delivered, too, as far as its segment is still there")
    private boolean all;

    @CommandLine.Option(
            names = "--documents",
            description = "only the documents, one a line, without actions")
    private boolean documentsOnly;

    @CommandLine.Option(
            names = "--namespace",
            paramLabel = "NAME",
            description = "documents of pods in this Kubernetes namespace")
    private Optional<String> namespace = Optional.empty();

    @CommandLine.Option(names = "--pod", paramLabel = "NAME", description = "documents of this pod")
    private Optional<String> pod = Optional.empty();

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter errors = spec.commandLine().getErr();
        Optional<Path> directory = state.directory(errors);
        if (directory.isEmpty()) {
            return Sluice.TOLD_WRONG;
        }
        Findings findings = new Findings();
        try (OutputStream to = output()) {
            findings.to = to;
            new SavedBuffer(directory.get(), List.of(BufferCommand.OUTPUT)).walk(findings);
        } catch (FileAlreadyExistsException e) {
            errors.println("sluice: " + e.getFile() + " is there already; name a new file");
            errors.flush();
            return Sluice.TOLD_WRONG;
        } catch (IOException e) {
            errors.println("sluice: " + e + "; " + findings.said());
            errors.flush();
            return Sluice.FAILED;
        }
        errors.println(findings.said());
        errors.flush();
        return findings.damages == 0 ? Sluice.OK : Sluice.FAILED;
    }

    private OutputStream output() throws IOException {
        return new BufferedOutputStream(
                file.isPresent()
                        ? Files.newOutputStream(
                                file.get(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
                        : new FileOutputStream(FileDescriptor.out),
                1 << 16);
    }

    /** Writes documents as they come. */
    private final class Findings implements SavedBuffer.Finder {
        private OutputStream to = OutputStream.nullOutputStream();
        private long documents;
        private long leftOut;
        private long damages;

        @Override
        public void excerpt(SavedExcerpt excerpt) throws IOException {
            for (SavedBody body : excerpt.bodies()) {
                if ((all || !body.isDelivered()) && !body.read(this::write)) {
                    damages++;
                    leftOut += body.documents();
                }
            }
        }

        @Override
        public void damage(BufferDamage damage) {
            damages++;
        }

        private void write(SavedDocument document) throws IOException {
            SourceName source = SourceName.of(document.source());
            if (!namespace.map(source.namespace()::equals).orElse(true)
                    || !pod.map(source.pod()::equals).orElse(true)) {
                return;
            }
            if (!documentsOnly) {
                to.write(withIndex(document).getBytes(UTF_8));
                to.write('\n');
            }
            to.write(document.document());
            to.write('\n');
            documents++;
        }

        String said() {
            return "exported "
                    + Figures.count(documents, "document")
                    + (damages == 0
                            ? ""
                            : "; "
                                    + Figures.count(damages, "damage")
                                    + ", "
                                    + Figures.count(leftOut, "document")
                                    + " known to be left out: sluice buffer verify says more");
        }
    }

    /** The action, which leaves the target to the request's path, with the target in it. */
    private static String withIndex(SavedDocument document) {
        String action = new String(document.action(), UTF_8);
        int meta = action.indexOf('{', 1) + 1;
        String index = new JsonObject().put("_index", document.target()).toString();
        String member = index.substring(1, index.length() - 1);
        boolean empty = action.startsWith("}", meta);
        return action.substring(0, meta) + member + (empty ? "" : ",") + action.substring(meta);
    }
}
