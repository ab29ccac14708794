package io.sluice.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.sluice.kubernetes.KubernetesStats.Failure;
import io.sluice.pipeline.Pod;
import io.sluice.tail.SourceOrigin;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

class PodWatchTest {
    static final Timing QUICK =
            new Timing(
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(300),
                    Duration.ofSeconds(600),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(150),
                    Duration.ofMillis(20),
                    Duration.ofMillis(100),
                    Duration.ofMillis(10),
                    Duration.ofMillis(50));

    @TempDir Path directory;
    private FakeApiServer api;
    private PodWatch watch;

    @BeforeEach
    void startServer() throws IOException {
        api = new FakeApiServer();
    }

    @AfterEach
    void stop() {
        if (watch != null) {
            watch.close();
        }
        api.close();
    }

    // --- list and watch ---

    @Test
    void theListComesFromTheServersMemoryAndTheWatchGoesOnFromThere() {
        PodJson pod = new PodJson();
        api.put(pod);
        startAndSync();

        assertThat(find(pod)).map(Pod::name).contains(pod.name);
        assertThat(api.lists().getFirst().query())
                .containsEntry("fieldSelector", "spec.nodeName=node1")
                .containsEntry("resourceVersion", "0")
                .containsEntry("limit", "500");
        await().until(() -> !api.watches().isEmpty());
        assertThat(api.watches().getFirst().query())
                .containsEntry("fieldSelector", "spec.nodeName=node1")
                .containsEntry("resourceVersion", "101")
                .containsEntry("allowWatchBookmarks", "true")
                .hasEntrySatisfying(
                        "timeoutSeconds",
                        seconds -> assertThat(Integer.parseInt(seconds)).isBetween(300, 600));
    }

    @Test
    void aListOf110PodsIsRead() {
        List<PodJson> pods = IntStream.range(0, 110).mapToObj(PodJson::number).toList();
        pods.forEach(api::put);
        startAndSync();

        assertThat(pods).allSatisfy(pod -> assertThat(find(pod)).isPresent());
        assertThat(watch.stats().podsExisting()).isEqualTo(110);
        assertThat(api.lists()).hasSize(1);
    }

    @Test
    void aListInPagesIsReadToItsLastPage() {
        List<PodJson> pods = IntStream.range(0, 25).mapToObj(PodJson::number).toList();
        pods.forEach(api::put);
        api.pageSize(10);
        startAndSync();

        assertThat(pods).allSatisfy(pod -> assertThat(find(pod)).isPresent());
        assertThat(api.lists()).hasSize(3);
        // The real server refuses a page that names both a place and a version.
        assertThat(api.lists().get(1).query())
                .containsEntry("continue", "10")
                .doesNotContainKey("resourceVersion");
        assertThat(watch.stats().lists()).isEqualTo(1);
    }

    @Test
    void podsAreAddedModifiedAndDeletedWhileTheWatchIsOpen() {
        startAndSync();
        PodJson pod = new PodJson();
        pod.ip = "";
        api.put(pod);
        await().until(() -> find(pod).isPresent());

        pod.ip = "10.244.0.9";
        pod.labels.put("role", "primary");
        api.put(pod);
        await().until(() -> find(pod).orElseThrow().ip().equals("10.244.0.9"));
        assertThat(find(pod).orElseThrow().labels()).containsEntry("role", "primary");

        api.delete(pod);
        await().until(() -> watch.stats().podsDeleted() == 1);
        assertThat(watch.stats().podsExisting()).isZero();
        assertThat(api.lists()).hasSize(1);
    }

    @Test
    void aChangeThatWeDoNotKeepLeavesThePodTheSameObject() {
        PodJson pod = new PodJson();
        api.put(pod);
        startAndSync();
        Pod before = find(pod).orElseThrow();

        pod.annotations.put("not/kept", "1");
        pod.phase = "Succeeded";
        api.put(pod);
        await().until(() -> watch.stats().events() == 1);

        assertThat(find(pod).orElseThrow()).isSameAs(before);
    }

    @Test
    void aWatchThatEndsAsAgreedGoesOnWhereTheLastBookmarkStood() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        api.bookmark();
        await().until(() -> watch.stats().bookmarks() == 1);
        api.endWatches();

        await().until(() -> api.watches().size() == 2);
        assertThat(api.watches().get(1).query()).containsEntry("resourceVersion", "101");
        assertThat(api.lists()).hasSize(1);
        assertThat(watch.health().state()).isEqualTo(KubernetesHealth.State.WATCHING);
    }

    // --- which pod ---

    @Test
    void aSuccessorOfTheSameNameIsNeverTakenForTheOneBefore() {
        PodJson first = new PodJson().named("db-0", "uid-first");
        first.labels.put("version", "1");
        api.put(first);
        startAndSync();
        api.delete(first);
        PodJson second = new PodJson().named("db-0", "uid-second");
        second.labels.put("version", "2");
        api.put(second);
        await().until(() -> find(second).isPresent());

        assertThat(find(first).orElseThrow().labels()).containsEntry("version", "1");
        assertThat(find(second).orElseThrow().labels()).containsEntry("version", "2");
        assertThat(watch.find(new SourceOrigin.Container("shop", "db-0", "uid-third", "app")))
                .isEmpty();
    }

    @Test
    void aStaticPodIsFoundByTheHashInItsPath() {
        PodJson mirror = staticPod("uid-of-mirror");
        api.put(mirror);
        startAndSync();
        var origin = new SourceOrigin.Container("kube-system", "proxy-node1", "abcdef01", "app");

        Pod pod = watch.find(origin).orElseThrow();
        assertThat(pod.uid()).isEqualTo("uid-of-mirror");
        assertThat(pod.workload()).isEmpty();

        // Somebody deletes the mirror, the kubelet makes another: the static pod is the same.
        PodJson next = staticPod("uid-of-next-mirror");
        api.put(next);
        api.delete(mirror);
        await().until(() -> watch.stats().podsDeleted() == 1);
        assertThat(watch.find(origin)).map(Pod::uid).contains("uid-of-next-mirror");
        watch.forget("uid-of-mirror");
        assertThat(watch.find(origin)).map(Pod::uid).contains("uid-of-next-mirror");
    }

    private static PodJson staticPod(String uid) {
        PodJson pod = new PodJson().named("proxy-node1", uid);
        pod.namespace = "kube-system";
        pod.owner =
                "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":\"node1\",\"controller\":true}";
        pod.annotations.put("kubernetes.io/config.hash", "abcdef01");
        pod.annotations.put("kubernetes.io/config.mirror", "abcdef01");
        return pod;
    }

    @Test
    void anAnnotationCannotStandInTheWayOfAnotherPod() {
        PodJson victim = new PodJson().named("victim", "uid-victim");
        PodJson forger = new PodJson().named("forger", "uid-forger");
        forger.annotations.put("kubernetes.io/config.hash", "uid-victim");
        forger.annotations.put("kubernetes.io/config.mirror", "uid-victim");
        api.put(victim);
        api.put(forger);
        startAndSync();

        assertThat(find(victim)).map(Pod::name).contains("victim");
        assertThat(find(forger)).map(Pod::name).contains("forger");
    }

    @Test
    void aDeletedPodIsKnownUntilItIsForgotten() {
        PodJson pod = new PodJson();
        api.put(pod);
        startAndSync();
        Pod before = find(pod).orElseThrow();
        pod.ip = ""; // as a pod at its end
        api.delete(pod);
        await().until(() -> watch.stats().podsDeleted() == 1);

        assertThat(find(pod).orElseThrow()).isSameAs(before);
        watch.forget(pod.uid);
        assertThat(find(pod)).isEmpty();
        assertThat(watch.stats().misses()).isEqualTo(1);
        assertThat(watch.stats().podsDeleted()).isZero();
    }

    @Test
    void forgettingAPodThatExistsDoesNothing() {
        PodJson pod = new PodJson();
        api.put(pod);
        startAndSync();
        watch.forget(pod.uid);

        assertThat(find(pod)).isPresent();
    }

    // --- places that are forgotten ---

    @Test
    void aWatchWhosePlaceIsGoneListsAnewAndKeepsWhatWasDeletedMeanwhile() {
        PodJson gone = PodJson.number(1);
        PodJson stays = PodJson.number(2);
        api.put(gone);
        api.put(stays);
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        api.nextWatch(FakeApiServer.status(410, "Expired", "too old resource version: 102 (900)"));
        api.deleteUntold(gone);
        PodJson fresh = PodJson.number(3);
        api.endWatches();
        await().until(() -> watch.stats().lists() == 2);
        api.put(fresh);

        await().until(() -> find(fresh).isPresent());
        assertThat(find(gone)).isPresent();
        assertThat(find(stays)).isPresent();
        assertThat(watch.stats().podsDeleted()).isEqualTo(1);
        assertThat(watch.stats().relists()).isEqualTo(1);
    }

    @Test
    void anErrorEventThatSaysGoneListsAnew() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        PodJson pod = new PodJson();
        api.send(
                "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\","
                        + "\"metadata\":{},\"status\":\"Failure\",\"message\":\"too old\","
                        + "\"reason\":\"Expired\",\"code\":410}}\n");
        await().until(() -> watch.stats().lists() == 2);
        api.put(pod);

        await().until(() -> find(pod).isPresent());
        assertThat(watch.stats().relists()).isEqualTo(1);
    }

    @Test
    void aListWhosePagesTookTooLongBeginsAnew() {
        IntStream.range(0, 15).mapToObj(PodJson::number).forEach(api::put);
        api.pageSize(10);
        // The first page has to go out before the misdeed is due: it is for the second request.
        api.nextList(
                exchange -> {
                    api.nextList(FakeApiServer.status(410, "Expired", "continue token is old"));
                    FakeApiServer.body(
                                    "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"7\","
                                            + "\"continue\":\"10\"},\"items\":[]}")
                            .commit(exchange);
                });
        startAndSync();

        assertThat(watch.stats().podsExisting()).isEqualTo(15);
        assertThat(watch.stats().relists()).isEqualTo(1);
    }

    @Test
    void anErrorEventOfAnotherKindListsAnewAfterAPause() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        api.send(
                "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"etcd is away\","
                        + "\"code\":500}}\n");

        await().until(() -> watch.stats().lists() == 2);
        assertThat(watch.stats().failures(Failure.REFUSED)).isEqualTo(1);
    }

    @Test
    void aPlaceThatTheServerNeverHadIsGivenUp() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        for (int i = 0; i < 3; i++) {
            api.nextWatch(
                    FakeApiServer.status(
                            504, "Timeout", "Too large resource version: 9, current: 3"));
        }
        api.endWatches();

        await().until(() -> watch.stats().lists() == 2 && api.watchesOpened() == 2);
        assertThat(watch.stats().failures(Failure.REFUSED)).isEqualTo(3);
    }

    // --- refusals ---

    @Test
    void aTokenThatWasRenewedIsReadAgainAndAccepted() throws IOException {
        Path tokenFile = Files.writeString(directory.resolve("token"), "secret-1\n");
        api.accept("secret-1");
        PodJson pod = new PodJson();
        api.put(pod);
        start(api.uri(), new KubernetesConfig.Credentials.TokenFile(tokenFile), QUICK);
        await().until(watch::isSynced);
        await().until(() -> api.watchesOpened() == 1);

        api.accept("secret-2");
        api.endWatches();
        await().until(() -> watch.health().state() == KubernetesHealth.State.FAILING);
        assertThat(watch.health().trouble())
                .contains("does not accept the agent's token (401 Unauthorized)")
                .contains(tokenFile.toString())
                .doesNotContain("secret-1");
        Files.writeString(tokenFile, "secret-2\n");

        await().until(() -> watch.health().state() == KubernetesHealth.State.WATCHING);
        await().until(() -> api.watchesOpened() == 2);
        assertThat(api.watches().getLast().authorization()).isEqualTo("Bearer secret-2");
        assertThat(api.lists()).hasSize(1);
    }

    @Test
    void aTokenThatIsRenewedInTimeIsUsedByTheNextRequest() throws IOException {
        Path tokenFile = Files.writeString(directory.resolve("token"), "secret-1\n");
        start(api.uri(), new KubernetesConfig.Credentials.TokenFile(tokenFile), QUICK);
        await().until(() -> api.watchesOpened() == 1);
        Files.writeString(tokenFile, "secret-2\n");
        api.accept("secret-2");
        api.endWatches();

        await().until(() -> api.watchesOpened() == 2);
        assertThat(watch.stats().failures(Failure.UNAUTHORIZED)).isZero();
    }

    @Test
    void aMissingPrivilegeIsNamedInTheHealth() {
        for (int i = 0; i < 10_000; i++) {
            api.nextList(
                    FakeApiServer.status(
                            403, "Forbidden", "pods is forbidden: User cannot list resource pods"));
        }
        start();

        await().until(() -> watch.health().state() == KubernetesHealth.State.FAILING);
        assertThat(watch.stats().failures(Failure.FORBIDDEN)).isPositive();
        assertThat(watch.health().trouble())
                .contains("does not let the agent list pods (403 pods is forbidden")
                .contains("verbs list and watch on pods")
                .contains("ClusterRole");
        assertThat(watch.isSynced()).isFalse();
        assertThat(watch.health().lastContact()).isEmpty();
    }

    @Test
    void aTokenFileThatIsNotThereIsNamedInTheHealth() {
        Path tokenFile = directory.resolve("absent");
        start(api.uri(), new KubernetesConfig.Credentials.TokenFile(tokenFile), QUICK);

        await().until(() -> watch.health().state() == KubernetesHealth.State.FAILING);
        assertThat(watch.stats().failures(Failure.UNEQUIPPED)).isPositive();
        assertThat(watch.health().trouble())
                .contains("tokenFile is " + tokenFile)
                .contains("no such file")
                .contains("automountServiceAccountToken");
        assertThat(api.requests()).isEmpty();
    }

    @Test
    void aServerThatIsBusyIsAskedAgain() {
        api.nextList(FakeApiServer.status(500, "InternalError", "etcd is away"));
        api.nextList(FakeApiServer.status(429, "TooManyRequests", "later"));
        api.nextList(FakeApiServer.status(503, "ServiceUnavailable", ""));
        startAndSync();

        assertThat(watch.stats().failures(Failure.REFUSED)).isEqualTo(3);
    }

    // --- connections and answers that break ---

    @Test
    void aWatchThatBreaksInTheMiddleOfAnEventGoesOnAfterTheLastWholeOne() throws IOException {
        try (Cable cable = new Cable(api.port())) {
            start(cable.uri(), new KubernetesConfig.Credentials.Anonymous(), QUICK);
            await().until(() -> api.watchesOpened() == 1);
            PodJson whole = PodJson.number(1);
            api.put(whole);
            await().until(() -> find(whole).isPresent());
            PodJson half = PodJson.number(2);
            api.send("{\"type\":\"ADDED\",\"object\":" + half.json(102).substring(0, 200));
            cable.cut();

            await().until(() -> api.watches().size() == 2);
            assertThat(api.watches().get(1).query()).containsEntry("resourceVersion", "101");
            assertThat(find(half)).isEmpty();
            api.put(half);
            await().until(() -> find(half).isPresent());
            assertThat(api.lists()).hasSize(1);
            assertThat(watch.stats().failures(Failure.UNREACHABLE)).isPositive();
        }
    }

    @Test
    void aWatchThatIsEndedInTheMiddleOfAnEventGoesOnAfterTheLastWholeOne() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        api.send("{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"metadata\":{\"name\":\"x");
        api.endWatches();

        await().until(() -> api.watches().size() == 2);
        assertThat(api.lists()).hasSize(1);
    }

    @Test
    void aWatchThatHearsNothingLongerThanAgreedIsDropped() throws IOException {
        Timing impatient = silences(Duration.ofMillis(100), Duration.ofSeconds(150));
        try (Cable cable = new Cable(api.port())) {
            start(cable.uri(), new KubernetesConfig.Credentials.Anonymous(), impatient);
            await().until(() -> api.watchesOpened() == 1);
            cable.freeze();
            PodJson pod = new PodJson();
            api.put(pod);

            await().until(() -> find(pod).isPresent());
            assertThat(api.watches().size()).isGreaterThan(1);
        }
    }

    @Test
    void aWatchThatSentBookmarksIsMissedSooner() throws IOException {
        Timing impatient =
                new Timing(
                        QUICK.answer(),
                        QUICK.listSilence(),
                        QUICK.shortestWatch(),
                        QUICK.longestWatch(),
                        QUICK.watchSlack(),
                        Duration.ofMillis(300),
                        QUICK.leastBackoff(),
                        QUICK.mostBackoff(),
                        QUICK.relistJitter(),
                        QUICK.cacheInterval());
        try (Cable cable = new Cable(api.port())) {
            start(cable.uri(), new KubernetesConfig.Credentials.Anonymous(), impatient);
            await().until(() -> api.watchesOpened() == 1);
            cable.freezeBehind("BOOKMARK");
            api.bookmark();
            await().until(() -> watch.stats().bookmarks() == 1);
            PodJson pod = new PodJson();
            api.put(pod);

            await().until(() -> find(pod).isPresent());
            assertThat(api.watches().size()).isGreaterThan(1);
        }
    }

    @Test
    void aServerThatNeverAnswersIsGivenUpAndAskedAgain() {
        api.nextList(FakeApiServer.hang());
        PodJson pod = new PodJson();
        api.put(pod);
        Timing impatient =
                new Timing(
                        Duration.ofMillis(500),
                        QUICK.listSilence(),
                        QUICK.shortestWatch(),
                        QUICK.longestWatch(),
                        QUICK.watchSlack(),
                        QUICK.bookmarkSilence(),
                        QUICK.leastBackoff(),
                        QUICK.mostBackoff(),
                        QUICK.relistJitter(),
                        QUICK.cacheInterval());
        start(api.uri(), new KubernetesConfig.Credentials.Anonymous(), impatient);

        await().until(() -> find(pod).isPresent());
        assertThat(watch.stats().failures(Failure.UNREACHABLE)).isPositive();
    }

    @Test
    void aListThatComesSlowlyIsRead() {
        PodJson pod = new PodJson();
        String list =
                "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"100\"},\"items\":["
                        + pod.json(99)
                        + "]}";
        api.nextList(
                exchange -> {
                    exchange.sendResponseHeaders(200, list.length());
                    for (int i = 0; i < list.length(); i += 40) {
                        exchange.getResponseBody()
                                .write(
                                        list.substring(i, Math.min(list.length(), i + 40))
                                                .getBytes(StandardCharsets.US_ASCII));
                        exchange.getResponseBody().flush();
                    }
                });
        startAndSync();

        assertThat(find(pod)).isPresent();
        assertThat(api.lists()).hasSize(1);
    }

    @Test
    void aListThatIsCutOffDoesNotCountAndIsAskedForAgain() {
        PodJson pod = new PodJson();
        api.put(pod);
        api.nextList(
                FakeApiServer.cutAfter(
                        "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"1\"},"
                                + "\"items\":["
                                + PodJson.number(9).json(1)));
        startAndSync();

        assertThat(watch.stats().podsExisting()).isEqualTo(1);
        assertThat(find(PodJson.number(9))).isEmpty();
    }

    @Test
    void whatIsNoJsonIsNamedAndAskedForAgain() {
        api.nextList(FakeApiServer.body("<html>Please log in</html>"));
        api.nextList(FakeApiServer.body("{}"));
        api.nextList(FakeApiServer.body("[1,2]"));
        api.nextList(FakeApiServer.body(""));
        api.nextList(FakeApiServer.body("{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[}"));
        startAndSync();

        assertThat(watch.stats().failures(Failure.MALFORMED)).isEqualTo(5);
        assertThat(watch.health().trouble()).isEmpty();
    }

    @Test
    void aWatchThatSaysWhatIsNoEventListsAnew() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        api.send("{\"type\":\"ADDED\",\"object\":{garbage\n");
        await().until(() -> watch.stats().lists() == 2);
        await().until(() -> api.watchesOpened() == 2);
        api.send("{\"type\":\"SURPRISE\",\"object\":{}}\n");
        await().until(() -> watch.stats().lists() == 3);
        await().until(() -> api.watchesOpened() == 3);
        api.send("[42]\n");
        await().until(() -> watch.stats().lists() == 4);

        assertThat(watch.stats().failures(Failure.MALFORMED)).isEqualTo(3);
    }

    @Test
    void eventsWithMembersInAnotherOrderOrMissingDoNoHarm() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        PodJson pod = new PodJson();
        api.send("{\"type\":\"ADDED\",\"object\":null}\n");
        api.send("{\"type\":\"ADDED\",\"object\":{\"metadata\":null,\"spec\":[],\"status\":1}}\n");
        api.send("{\"extra\":[{}],\"object\":" + pod.json(150) + ",\"type\":\"ADDED\"}\n");

        await().until(() -> find(pod).isPresent());
        assertThat(api.lists()).hasSize(1);
        assertThat(watch.stats().events()).isEqualTo(3);
    }

    @Test
    void aWatchThatEndsAtOnceForEverIsNotAskedForWithoutPause() {
        for (int i = 0; i < 10_000; i++) {
            api.nextWatch(FakeApiServer.body(""));
        }
        startAndSync();
        await().until(() -> watch.health().trouble().contains("ends each watch of pods at once"));
        await().until(() -> watch.stats().failures(Failure.UNREACHABLE) >= 3);
        assertThat(api.lists()).hasSize(1);
    }

    // --- start and stop ---

    @Test
    void podsOfAnEarlierRunAreKnownWhileTheServerIsAway() throws IOException {
        PodJson pod = new PodJson();
        pod.annotations.put("team", "shop");
        api.put(pod);
        startAndSync();
        Pod before = find(pod).orElseThrow();
        watch.close();
        api.close();

        start();
        await().until(() -> find(pod).isPresent());
        assertThat(find(pod).orElseThrow()).isEqualTo(before);
        assertThat(watch.isSynced()).isFalse();
        await().until(() -> watch.health().state() == KubernetesHealth.State.FAILING);
        assertThat(watch.health().trouble()).contains(api.uri().toString());
    }

    @Test
    void aPodOfAnEarlierRunIsTheSameObjectAfterTheListConfirmedIt() {
        PodJson pod = new PodJson();
        api.put(pod);
        startAndSync();
        watch.close();
        api.nextList(FakeApiServer.hang()); // so that there is a time before the list
        start(
                api.uri(),
                new KubernetesConfig.Credentials.Anonymous(),
                silences(Duration.ofSeconds(1), Duration.ofSeconds(1)));
        await().until(() -> find(pod).isPresent());
        Pod restored = find(pod).orElseThrow();

        await().until(watch::isSynced);
        assertThat(find(pod).orElseThrow()).isSameAs(restored);
        assertThat(watch.stats().podsExisting()).isEqualTo(1);
        assertThat(watch.stats().podsDeleted()).isZero();
    }

    @Test
    void theCacheIsWrittenWhileTheWatchIsQuiet() {
        startAndSync();
        api.put(new PodJson());

        await().until(() -> watch.stats().cacheWrites() > 0);
        assertThat(directory.resolve(MetadataCache.FILE_NAME)).content().contains("web-7d9c5b8f6");
    }

    @Test
    void closingDoesNotWaitForAServerThatIsSilent() {
        startAndSync();
        await().until(() -> api.watchesOpened() == 1);
        long before = System.nanoTime();
        watch.close();

        // The server is silent for five minutes.
        await().untilAsserted(
                        () ->
                                assertThat(Thread.getAllStackTraces().keySet())
                                        .noneMatch(
                                                thread -> thread.getName().equals("kubernetes")));
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofMinutes(2));
    }

    @Test
    void withTheApiOffNothingIsAskedAndNobodyWaits() {
        watch =
                new PodWatch(
                        KubernetesConfig.off(),
                        directory,
                        Map.of(),
                        QUICK,
                        RandomGenerator.getDefault());
        watch.start();

        assertThat(watch.isSynced()).isTrue();
        assertThat(find(new PodJson())).isEmpty();
        assertThat(watch.health().state()).isEqualTo(KubernetesHealth.State.OFF);
        assertThat(new MetadataGate(watch, Duration.ofHours(1)).mayRead(new PodJson().origin(), 0))
                .isTrue();
    }

    // --- the gate ---

    @Test
    void aContainersFileIsReadWhenItsPodIsKnownOrTheWaitIsOver() {
        startAndSync();
        MetadataGate gate = new MetadataGate(watch, Duration.ofSeconds(5));
        PodJson pod = new PodJson();
        long almost = Duration.ofSeconds(5).toNanos() - 1;

        assertThat(gate.mayRead(pod.origin(), almost)).isFalse();
        assertThat(watch.stats().waitsInVain()).isZero();
        assertThat(gate.mayRead(pod.origin(), almost + 1)).isTrue();
        assertThat(watch.stats().waitsInVain()).isEqualTo(1);
        assertThat(watch.stats().misses()).isZero();

        api.put(pod);
        await().until(() -> gate.mayRead(pod.origin(), 0));
        assertThat(watch.stats().waitsInVain()).isEqualTo(1);
    }

    @Test
    void whatOnlyTheCacheKnowsIsReadAfterTheWaitUnlessTheListComesFirst() {
        PodJson pod = new PodJson();
        api.put(pod);
        startAndSync();
        watch.close();
        api.close();
        start();
        await().until(() -> find(pod).isPresent());
        MetadataGate gate = new MetadataGate(watch, Duration.ofSeconds(5));

        assertThat(gate.mayRead(pod.origin(), 0)).isFalse();
        await().until(() -> gate.mayRead(pod.origin(), Duration.ofSeconds(5).toNanos()));
        assertThat(watch.stats().waitsInVain()).isZero();
    }

    @Test
    void aFirstListThatIsUnderWayIsWaitedForLongerThanAPod() {
        PodJson pod = new PodJson();
        api.put(pod);
        // Not started: neither answered nor failed.
        watch = unstarted(api.uri(), new KubernetesConfig.Credentials.Anonymous(), QUICK);
        MetadataGate gate = new MetadataGate(watch, Duration.ofSeconds(5));
        MetadataGate impatient = new MetadataGate(watch, Duration.ZERO);

        assertThat(gate.mayRead(pod.origin(), Duration.ofSeconds(29).toNanos())).isFalse();
        assertThat(impatient.mayRead(pod.origin(), 0)).isTrue();
        assertThat(gate.mayRead(pod.origin(), Duration.ofSeconds(30).toNanos())).isTrue();

        watch.start();
        await().until(() -> gate.mayRead(pod.origin(), 0));
    }

    // --- helpers ---

    private Timing silences(Duration slack, Duration bookmarks) {
        return new Timing(
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                slack,
                bookmarks,
                QUICK.leastBackoff(),
                QUICK.mostBackoff(),
                QUICK.relistJitter(),
                QUICK.cacheInterval());
    }

    private void startAndSync() {
        start();
        await().until(watch::isSynced);
    }

    private void start() {
        start(api.uri(), new KubernetesConfig.Credentials.Anonymous(), QUICK);
    }

    private void start(URI server, KubernetesConfig.Credentials credentials, Timing timing) {
        watch = unstarted(server, credentials, timing);
        watch.start();
    }

    private PodWatch unstarted(
            URI server, KubernetesConfig.Credentials credentials, Timing timing) {
        return new PodWatch(
                new KubernetesConfig(
                        new KubernetesConfig.Api.At(server),
                        FakeApiServer.NODE,
                        credentials,
                        new KubernetesConfig.Trust.Platform(),
                        Duration.ofSeconds(5),
                        true,
                        Set.of("team")),
                directory,
                Map.of(),
                timing,
                RandomGenerator.getDefault());
    }

    private Optional<Pod> find(PodJson pod) {
        return watch.find(pod.origin());
    }
}
