// The grammar of rnnc's language for tree-sitter. Newlines are white space here: no statement begins with what could go on
// with an expression. A word that a statement can begin with is never a name where one begins, so that an equation of a
// value called `loss` or `input` is not understood.
const PRECEDENCE = { compare: 1, sum: 2, product: 3, negate: 4, apply: 5, postfix: 6 };

const separated = (rule) => seq(rule, repeat(seq(",", rule)));

module.exports = grammar({
  name: "rnn",

  extras: ($) => [/\s/, ";", $.comment],

  word: ($) => $.name,

  rules: {
    program: ($) => repeat($._definition),

    _definition: ($) => choice($.cell, $.model, $.function, $.constants, $.import),

    comment: () => token(seq("#", /[^\n]*/)),

    cell: ($) =>
      seq(
        "cell",
        field("name", $.name),
        optional(seq("[", separated($.head_dimension), "]")),
        "(",
        optional(separated($.head_input)),
        ")",
        "->",
        separated($.declarator),
        $.body,
      ),

    head_dimension: ($) => seq($._expression, optional(seq("=", $._expression))),

    head_input: ($) =>
      seq(
        field("name", $.name),
        optional(
          choice(
            seq("[", separated($.head_dimension), "]"),
            seq(":", choice("index", "labels"), "[", $.head_dimension, "]"),
          ),
        ),
      ),

    model: ($) => seq("model", field("name", $.name), $.body),

    function: ($) => seq("fn", field("name", $.name), "(", separated($.name), ")", "=", $._expression),

    constants: ($) => seq("const", separated(seq(field("name", $.name), "=", $._expression))),

    import: ($) => seq("import", choice($.string, $.path), optional(seq("as", field("name", $.name)))),

    body: ($) => seq("{", repeat($._statement), "}"),

    _statement: ($) =>
      choice($.parameters, $.constants, $.inputs, $.targets, $.output, $.equation, $.init, $.loss),

    declarator: ($) => seq(field("name", $.name), optional($.dimensions)),

    dimensions: ($) => seq("[", separated($._expression), "]"),

    parameters: ($) => seq("param", separated($.parameter)),

    parameter: ($) =>
      seq(field("name", $.path), optional($.subscripts), optional($.form), optional("fixed"), optional($.start)),

    form: ($) =>
      seq(
        ":",
        choice(
          seq(
            choice("svd", "cp"),
            "(",
            $._expression,
            optional(seq(",", "preview", "=", $._expression, ",", "refine", "=", $._expression)),
            ")",
            optional($.storage),
          ),
          $.storage,
        ),
      ),

    storage: () => choice("f32", "f16", "bf16", "int8"),

    start: ($) =>
      choice(
        seq("=", $._expression),
        seq("~", choice("normal", "uniform"), "(", $._expression, ")"),
        seq("~", choice("glorot", "orthogonal")),
        seq("~", "identity", optional(seq("(", $._expression, ")"))),
      ),

    inputs: ($) => seq("input", separated($.typed_declarator)),

    targets: ($) => seq("target", separated($.typed_declarator)),

    typed_declarator: ($) =>
      seq($.declarator, optional(seq(":", choice("index", "labels"), "[", $._expression, "]")), optional("once")),

    output: ($) => seq("output", $.declarator, optional(seq("=", $._expression))),

    equation: ($) => seq(separated($.left), "=", choice($._expression, $.reverse, $.stack)),

    left: ($) => seq($.path, optional($.dimensions)),

    reverse: ($) => seq("reverse", $.call),

    // A count that is computed stands in brackets: `stack n - 1 LSTM[n](x)` is not understood.
    stack: ($) => seq("stack", field("count", choice($.integer, $.name, $.bracket)), choice($.reverse, $.call)),

    init: ($) => seq("init", $.path, "=", $._expression),

    loss: ($) => seq("loss", $._expression),

    path: ($) => seq($.name, repeat(seq(".", choice($.name, $.integer)))),

    _expression: ($) =>
      choice($.binary, $.negation, $.call, $.index, $.member, $.bracket, $.name, $.integer, $.float),

    binary: ($) =>
      choice(
        prec.left(
          PRECEDENCE.compare,
          seq($._expression, choice("<", "<=", ">", ">=", "==", "!="), $._expression),
        ),
        prec.left(PRECEDENCE.sum, seq($._expression, choice("+", "-"), $._expression)),
        prec.left(PRECEDENCE.product, seq($._expression, choice("*", "/"), $._expression)),
        prec.right(PRECEDENCE.apply, seq($._expression, "@", $._expression)),
      ),

    negation: ($) => prec(PRECEDENCE.negate, seq("-", $._expression)),

    call: ($) =>
      prec(PRECEDENCE.postfix, seq(field("function", $._expression), "(", optional(separated($._expression)), ")")),

    index: ($) => prec(PRECEDENCE.postfix, seq($._expression, $.subscripts)),

    subscripts: ($) => seq("[", separated($.subscript), "]"),

    subscript: ($) =>
      choice(
        $._expression,
        seq(optional($._expression), ":", optional($._expression), optional(seq(":", $._expression))),
      ),

    member: ($) =>
      prec(PRECEDENCE.postfix, seq($._expression, ".", field("name", choice($.name, $.integer)))),

    bracket: ($) => seq("(", $._expression, ")"),

    name: () => /[A-Za-z_][A-Za-z0-9_]*/,
    integer: () => /[0-9]+/,
    float: () => /[0-9]+\.[0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+/,
    string: () => /"[^"\n]*"/,
  },
});
