// The player of a file's page: where it was last time, and what to say when the browser cannot play it.
const media = document.querySelector("[data-player]");
if (media) {
  const key = `trozos ${media.dataset.player}`;
  const trouble = document.getElementById("no-se-ve");
  const kept = (work) => {
    // Some browsers keep nothing.
    try { return work(window.localStorage); } catch { return null; }
  };
  const asked = /(?:^#|&)t=(\d+(?:\.\d+)?)/.exec(window.location.hash);
  media.addEventListener("loadedmetadata", () => {
    const at = asked ? Number(asked[1]) : Number(kept((store) => store.getItem(key)));
    if (at > 5 && at < media.duration - 10) media.currentTime = at;
  }, { once: true });
  let noted = 0;
  media.addEventListener("timeupdate", () => {
    if (!media.paused && media.currentTime > 0) media.dataset.played = "yes";
    if (Math.abs(media.currentTime - noted) < 5) return;
    noted = media.currentTime;
    kept((store) => store.setItem(key, String(Math.floor(noted))));
  });
  media.addEventListener("ended", () => kept((store) => store.removeItem(key)));
  media.addEventListener("error", () => { if (trouble) trouble.hidden = false; }, true);
}
