// A small renderer in WebGL 2: bodies, arrows and trails on a floor, with the shadow of one lamp.

const SHADOW_SIZE = 1024,
  GHOST_IN_FRONT = 0.12,
  THROUGH_BODY = 0.65,
  SUN = unit([0.45, 1.0, 0.55]);

function encodedColor(linear) {
  return linear.map((value) => Math.pow(value, 1 / 2.2));
}

function makeProgram(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(gl.getProgramInfoLog(program) || "the program does not link");
  }
  const at = {};
  for (let i = 0; i < gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS); i++) {
    const name = gl.getActiveUniform(program, i).name.replace("[0]", "");
    at[name] = gl.getUniformLocation(program, name);
  }
  return { program, at };
}

// Return a renderer for a canvas, or null where there is no WebGL 2.
function makeRenderer(canvas) {
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: false, powerPreference: "low-power" });
  if (!gl) return null;
  const body = makeProgram(gl, BODY_VERTEX, BODY_FRAGMENT),
    depth = makeProgram(gl, BODY_VERTEX, DEPTH_FRAGMENT);
  const ground = makeProgram(gl, FLOOR_VERTEX, FLOOR_FRAGMENT),
    trail = makeProgram(gl, TRAIL_VERTEX, TRAIL_FRAGMENT);
  const plane = newMesh();
  for (const [x, z] of [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ])
    addVertex(plane, [x, 0, z], [0, 1, 0], 0);
  plane.triangles.push(0, 2, 1, 0, 3, 2);

  function upload(mesh) {
    const array = gl.createVertexArray(),
      indices = new Uint16Array(mesh.triangles);
    const buffers = [gl.createBuffer(), gl.createBuffer()];
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(mesh.vertices), gl.STATIC_DRAW);
    [
      [0, 3, 0],
      [1, 3, 12],
      [2, 1, 24],
    ].forEach(([place, size, offset]) => {
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, gl.FLOAT, false, 28, offset);
    });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffers[1]);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, indices, gl.STATIC_DRAW);
    gl.bindVertexArray(null);
    return { array, buffers, count: indices.length };
  }

  // A line over the floor: [x0, z0, x1, z1, ...].
  function uploadTrail(points) {
    const array = gl.createVertexArray(),
      buffers = [gl.createBuffer()];
    gl.bindVertexArray(array);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[0]);
    gl.bufferData(gl.ARRAY_BUFFER, points, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(0);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 8, 0);
    gl.bindVertexArray(null);
    return { array, buffers, count: points.length / 2 };
  }

  const map = gl.createTexture(),
    target = gl.createFramebuffer();
  gl.bindTexture(gl.TEXTURE_2D, map);
  gl.texStorage2D(gl.TEXTURE_2D, 1, gl.DEPTH_COMPONENT24, SHADOW_SIZE, SHADOW_SIZE);
  for (const [key, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
    [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_COMPARE_MODE, gl.COMPARE_REF_TO_TEXTURE],
  ])
    gl.texParameteri(gl.TEXTURE_2D, key, value);
  gl.bindFramebuffer(gl.FRAMEBUFFER, target);
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.TEXTURE_2D, map, 0);
  gl.drawBuffers([gl.NONE]);
  const floorMesh = upload(plane),
    arrow = upload(arrowMesh()),
    untouched = new Float32Array(22);
  gl.enable(gl.DEPTH_TEST);
  gl.enable(gl.CULL_FACE);

  function drawMesh(mesh) {
    gl.bindVertexArray(mesh.array);
    gl.drawElements(gl.TRIANGLES, mesh.count, gl.UNSIGNED_SHORT, 0);
  }

  // The lamp's view of a panel: a box around what casts shadows.
  function lampMatrix(centre, half) {
    return multiplied(orthographic(half, 0.1, 4 * half + 8), lookAt(add(centre, scaled(SUN, 2 * half + 4)), centre));
  }

  function drawShadows(panel, light) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, target);
    gl.viewport(0, 0, SHADOW_SIZE, SHADOW_SIZE);
    gl.disable(gl.SCISSOR_TEST);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    gl.useProgram(depth.program);
    gl.uniformMatrix4fv(depth.at.viewProjection, false, light);
    for (const figure of panel.bodies.filter((each) => each.alpha === 1)) {
      gl.uniformMatrix4fv(depth.at.shapes, false, figure.matrices);
      drawMesh(figure.mesh);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  function setLighting(program, panel, light) {
    gl.useProgram(program.program);
    gl.uniformMatrix4fv(program.at.viewProjection, false, panel.camera.matrix);
    gl.uniformMatrix4fv(program.at.light, false, light);
    gl.uniform3fv(program.at.sun, SUN);
    gl.uniform3fv(program.at.eye, panel.camera.eye);
    gl.uniform1f(program.at.shadows, 1);
    gl.uniform1i(program.at.shadowMap, 0);
  }

  function drawFloor(panel, light, theme) {
    setLighting(ground, panel, light);
    gl.uniform3f(ground.at.centre, panel.camera.target[0], panel.floor, panel.camera.target[2]);
    for (const name of ["floorColor", "skyColor", "lineColor"]) gl.uniform3fv(ground.at[name], theme[name]);
    gl.uniform1f(ground.at.shade, theme.shade);
    gl.uniform1f(ground.at.reach, 4 + 1.6 * panel.camera.distance);
    gl.depthMask(false); // what is sunk in the floor is seen through it
    drawMesh(floorMesh);
    gl.useProgram(trail.program);
    gl.uniformMatrix4fv(trail.at.viewProjection, false, panel.camera.matrix);
    gl.uniform1f(trail.at.height, panel.floor + 0.002);
    gl.enable(gl.BLEND);
    for (const each of panel.trails) {
      gl.uniform4f(trail.at.color, ...encodedColor(each.color), 0.7);
      gl.bindVertexArray(each.line.array);
      gl.drawArrays(gl.LINE_STRIP, 0, each.line.count);
    }
    gl.disable(gl.BLEND);
    gl.depthMask(true);
  }

  // Solid bodies stay clear: a ghost is seen where it sticks out, and only faintly in front of them.
  function drawBodies(bodies) {
    const ghosts = bodies.filter((each) => each.alpha < 1);
    for (const ghost of ghosts) drawBody(ghost, ghost.alpha);
    if (ghosts.length) gl.clear(gl.DEPTH_BUFFER_BIT);
    for (const solid of bodies.filter((each) => each.alpha === 1)) drawBody(solid, 1);
    for (const ghost of ghosts) drawBody(ghost, GHOST_IN_FRONT);
  }

  function drawBody(figure, alpha) {
    gl.uniformMatrix4fv(body.at.shapes, false, figure.matrices);
    gl.uniform1fv(body.at.touch, figure.touch || untouched);
    gl.uniform3fv(body.at.color, figure.color);
    gl.uniform1f(body.at.alpha, alpha);
    if (alpha === 1) {
      drawMesh(figure.mesh);
      return;
    }
    gl.colorMask(false, false, false, false); // only the outermost surface of a ghost is seen, not what is inside
    drawMesh(figure.mesh);
    gl.colorMask(true, true, true, true);
    gl.depthFunc(gl.LEQUAL);
    gl.enable(gl.BLEND);
    drawMesh(figure.mesh);
    gl.disable(gl.BLEND);
    gl.depthFunc(gl.LESS);
  }

  function drawArrow(each) {
    gl.uniform3fv(body.at.color, each.color);
    gl.uniformMatrix4fv(body.at.shapes, false, each.matrices);
    gl.depthFunc(gl.GREATER); // also through the leg that stands on it
    gl.depthMask(false);
    gl.enable(gl.BLEND);
    gl.uniform1f(body.at.alpha, THROUGH_BODY);
    drawMesh(arrow);
    gl.disable(gl.BLEND);
    gl.depthFunc(gl.LESS);
    gl.depthMask(true);
    gl.uniform1f(body.at.alpha, 1);
    drawMesh(arrow);
  }

  // Draw panels; each has a rectangle in pixels from the top left, a camera, bodies, arrows and trails.
  function draw(panels, theme, ratio) {
    const height = canvas.height;
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.activeTexture(gl.TEXTURE0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(...encodedColor(theme.paper), 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    for (const panel of panels) {
      const light = lampMatrix(panel.shadowCentre, panel.shadowReach);
      gl.bindTexture(gl.TEXTURE_2D, null); // it is drawn to, and so must not be read
      drawShadows(panel, light);
      gl.bindTexture(gl.TEXTURE_2D, map);
      const [x, y, w, h] = panel.rectangle.map((value) => Math.round(value * ratio));
      gl.viewport(x, height - y - h, w, h);
      gl.scissor(x, height - y - h, w, h);
      gl.enable(gl.SCISSOR_TEST);
      gl.clearColor(...encodedColor(theme.skyColor), 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      drawFloor(panel, light, theme);
      setLighting(body, panel, light);
      gl.uniform3fv(body.at.contactColor, theme.contact);
      gl.uniform3fv(body.at.sunkColor, theme.sunk);
      gl.uniform1f(body.at.floorHeight, panel.floor);
      gl.uniform1f(body.at.plain, 0);
      drawBodies(panel.bodies);
      gl.uniform1fv(body.at.touch, untouched);
      gl.uniform1f(body.at.floorHeight, -1e6);
      gl.uniform1f(body.at.plain, 1);
      for (const each of panel.arrows) drawArrow(each);
    }
  }

  function forget(object) {
    gl.deleteVertexArray(object.array);
    object.buffers.forEach((buffer) => gl.deleteBuffer(buffer));
  }

  return { upload, uploadTrail, forget, draw, loss: gl.getExtension("WEBGL_lose_context") };
}
