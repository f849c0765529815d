// What tests, and the console of a browser, may ask: window.plumb.

function exposePlayer(player) {
  const plumb =
    window.plumb ||
    (window.plumb = {
      players: [],
      // The joints (22 rows of x, y, z in metres) of a figure at a time of its motion.
      jointsAt(t, figure = 0, number = 0) {
        return rowsOf(jointsAt(plumb.players[number].figure(figure), t), 3);
      },
      // What the player drew last: places of joints as they went to the graphics processor, and forces in newtons.
      drawn(number = 0) {
        const { state, panels } = plumb.players[number];
        return {
          scene: state.index,
          time: state.t,
          playing: state.playing,
          frames: state.frames,
          overlay: state.overlay,
          loop: state.loop,
          camera: { ...state.view },
          panels: panels().map((panel) => ({
            rectangle: panel.rectangle,
            figures: panel.figures.map((figure) => ({
              label: figure.label,
              joints: Array.from({ length: JOINTS }, (_, j) =>
                Array.from(figure.matrices.subarray(16 * j + 12, 16 * j + 15)),
              ),
              pixels: Array.from({ length: JOINTS }, (_, j) =>
                pixelOf(panel, figure.matrices.subarray(16 * j + 12, 16 * j + 15)),
              ),
            })),
            forces: panel.arrows.map(({ kind, part, from, newtons }) => ({ kind, part, from, newtons })),
          })),
        };
      },
    });
  plumb.players.push(player);
}

function rowsOf(values, size) {
  return Array.from({ length: values.length / size }, (_, row) =>
    Array.from(values.subarray(size * row, size * (row + 1))),
  );
}

// Where a point is seen, in pixels from the top left of the canvas.
function pixelOf(panel, point) {
  const [x, y, w, h] = panel.rectangle,
    at = projected(panel.camera.matrix, point);
  return [x + ((at[0] + 1) / 2) * w, y + ((1 - at[1]) / 2) * h];
}
